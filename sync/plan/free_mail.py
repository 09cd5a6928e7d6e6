"""Mail services that anybody may have an address at: such a domain says nothing about the company. Data only."""

from __future__ import annotations

FREE_MAIL_DOMAINS: frozenset[str] = frozenset(
    """
    10minutemail.com 126.com 139.com 163.com 189.cn 21cn.com 263.net abv.bg aim.com alice.it aliceadsl.fr aliyun.com
    aol.co.uk aol.com aol.de aol.fr aol.it aon.at apollo.lv arcor.de arnet.com.ar atlas.cz att.net au.com azet.sk
    bbox.fr bell.net bellsouth.net bezeqint.net biglobe.ne.jp bigmir.net bigpond.com bigpond.net.au bk.ru bluemail.ch
    bluewin.ch blueyonder.co.uk bol.com.br bredband.net btinternet.com btopenworld.com cableone.net caramail.com
    casema.nl cegetel.net centrum.cz centrum.sk centurylink.net charter.net chello.at chello.nl citromail.hu
    ciudad.com.ar club-internet.fr cogeco.ca comcast.net comhem.se consultant.com cox.net daum.net delfi.lv dir.bg
    disroot.org docomo.ne.jp dodo.com.au duck.com earthlink.net eastlink.ca eim.ae eircom.net elisanet.fi email.com
    email.cz email.it embarqmail.com excite.com ezweb.ne.jp fastmail.com fastmail.fm fastwebnet.it fibertel.com.ar
    foxmail.com free.fr freemail.hu freenet.de freeserve.co.uk frontier.com frontiernet.net fsnet.co.uk gazeta.pl
    globo.com globomail.com gmail.com gmx.at gmx.ch gmx.co.uk gmx.com gmx.de gmx.es gmx.eu gmx.fr gmx.it gmx.net gmx.us
    googlemail.com guerrillamail.com hanmail.net hccnet.nl hetnet.nl hey.com hinet.net hispeed.ch home.nl hot.ee
    hotmail.be hotmail.ca hotmail.ch hotmail.co.il hotmail.co.jp hotmail.co.uk hotmail.com hotmail.com.ar hotmail.com.au
    hotmail.com.br hotmail.com.tr hotmail.de hotmail.dk hotmail.es hotmail.fi hotmail.fr hotmail.gr hotmail.it
    hotmail.nl hotmail.no hotmail.se hush.com hushmail.com i.softbank.jp icloud.com ig.com.br iinet.net.au inbox.com
    inbox.lt inbox.lv inbox.ru indiatimes.com inet.hr interia.pl internode.on.net inwind.it iol.it jubii.dk juno.com
    keemail.me kolumbus.fi kpnmail.nl kpnplanet.nl laposte.net libero.it list.ru live.at live.be live.ca live.cn
    live.co.uk live.co.za live.com live.com.ar live.com.au live.com.mx live.com.pt live.de live.dk live.fr live.ie
    live.it live.jp live.nl live.no live.se luukku.com lycos.com mac.com mail.bg mail.com mail.de mail.dk mail.ee
    mail.ru mailbox.org mailfence.com mailinator.com maktoob.com me.com mediacombb.net mindspring.com mozmail.com msn.cn
    msn.com mweb.co.za mynet.com myself.com nate.com naver.com net.hr netscape.net netvigator.com netvision.net.il
    netzero.net neuf.fr nifty.com noos.fr ntlworld.com numericable.fr o2.co.uk o2.pl ocn.ne.jp oi.com.br onet.eu onet.pl
    online.de online.no ono.com op.pl optonline.net optusnet.com.au orange.fr outlook.at outlook.be outlook.co.th
    outlook.com outlook.com.ar outlook.com.au outlook.com.br outlook.de outlook.dk outlook.es outlook.fr outlook.ie
    outlook.in outlook.it outlook.jp outlook.kr outlook.pt ozemail.com.au passagen.se passmail.net pchome.com.tw
    peoplepc.com planet.nl plusnet.com pm.me poczta.fm poczta.onet.pl post.cz poste.it posteo.de
    privaterelay.appleid.com prodigy.net prodigy.net.mx proton.me protonmail.ch protonmail.com qq.com quicknet.nl r7.com
    rambler.ru rediffmail.com riseup.net roadrunner.com rocketmail.com rogers.com runbox.com sapo.pt saunalahti.fi
    sbcglobal.net seed.net.tw seznam.cz sfr.fr sharklasers.com shaw.ca sify.com sina.cn sina.com singnet.com.sg siol.net
    skiff.com sky.com skynet.be slingshot.co.nz so-net.ne.jp softbank.ne.jp sohu.com speedy.com.ar spray.se
    startmail.com stofanet.dk streamyx.com suddenlink.net sunrise.ch suomi24.fi superig.com.br sympatico.ca t-online.de
    t-online.hu talktalk.net tdcadsl.dk tele2.nl telefonica.net telenet.be telia.com telkomsa.net telus.net
    telusplanet.net temp-mail.org terra.com.br terra.es tesco.net tim.it tin.it tiscali.co.uk tiscali.fr tiscali.it
    tlen.pl tom.com tpg.com.au trashmail.com tuta.com tuta.io tutamail.com tutanota.com tutanota.de ukr.net uol.com.br
    upcmail.nl ureach.com usa.com verizon.net videotron.ca vip.163.com vip.qq.com vip.sina.com virgilio.it virgin.net
    virginmedia.com vk.com vodafone.it vodamail.co.za voila.fr volny.cz vp.pl vtxmail.ch walla.co.il walla.com
    wanadoo.es wanadoo.fr web.de webmail.co.za westnet.com.au windowslive.com windstream.net wowway.com wp.pl xs4all.nl
    xtra.co.nz ya.ru yahoo.at yahoo.be yahoo.ca yahoo.co.id yahoo.co.in yahoo.co.jp yahoo.co.kr yahoo.co.nz yahoo.co.th
    yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my
    yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.vn yahoo.de yahoo.dk yahoo.es yahoo.fr yahoo.gr
    yahoo.ie yahoo.in yahoo.it yahoo.nl yahoo.no yahoo.pl yahoo.ro yahoo.se yandex.by yandex.com yandex.kz yandex.ru
    yandex.ua yeah.net ymail.com yopmail.com ziggo.nl zipmail.com.br zoho.com zohomail.com zonnet.nl zoznam.sk
    """.split()  # noqa: SIM905 -- a list that people read and extend
)
"""Domains in lower case."""
