"""Mail services that anybody may have an address at: such a domain says nothing about the company. Data only."""

from __future__ import annotations

FREE_MAIL_DOMAINS: frozenset[str] = frozenset(
    """
    126.com 139.com 163.com 189.cn 21cn.com aliyun.com alice.it aim.com aol.com arcor.de att.net bellsouth.net
    bigmir.net bigpond.com bk.ru bluewin.ch bol.com.br btinternet.com btopenworld.com caramail.com centrum.cz
    centurylink.net charter.net chello.nl comcast.net cox.net daum.net docomo.ne.jp duck.com earthlink.net email.com
    email.cz email.it embarqmail.com eircom.net excite.com ezweb.ne.jp fastmail.com fastmail.fm foxmail.com free.fr
    freemail.hu freenet.de frontier.com frontiernet.net gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net
    googlemail.com hanmail.net hey.com home.nl hotmail.be hotmail.ca hotmail.co.jp hotmail.co.uk hotmail.com
    hotmail.com.br hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl hush.com hushmail.com icloud.com ig.com.br
    inbox.com inbox.lv inbox.ru inwind.it iol.it juno.com kpnmail.nl laposte.net libero.it list.ru live.be live.ca
    live.co.uk live.com live.com.au live.de live.fr live.it live.nl lycos.com mac.com mail.com mail.de mail.ru
    mailbox.org me.com mindspring.com msn.com mweb.co.za nate.com naver.com neuf.fr ntlworld.com numericable.fr
    o2.co.uk o2.pl online.de onet.pl online.no optonline.net optusnet.com.au orange.fr outlook.com outlook.de
    outlook.es outlook.fr outlook.it ozemail.com.au pm.me poczta.onet.pl posteo.de prodigy.net prodigy.net.mx
    proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com roadrunner.com rocketmail.com rogers.com
    sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.cn sina.com skynet.be sky.com sohu.com sympatico.ca
    t-online.de talktalk.net telenet.be telia.com telus.net terra.com.br tin.it tiscali.co.uk tiscali.it tuta.com
    tuta.io tutanota.com ukr.net uol.com.br ureach.com verizon.net videotron.ca virgilio.it virgin.net
    virginmedia.com voila.fr wanadoo.fr web.de windowslive.com windstream.net wp.pl xtra.co.nz xs4all.nl ya.ru
    yahoo.ca yahoo.co.id yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au yahoo.com.br
    yahoo.com.mx yahoo.com.sg yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it yandex.com yandex.ru yeah.net ymail.com
    ziggo.nl zoho.com zohomail.com
    """.split()  # noqa: SIM905 -- a list that people read and extend
)
"""Domains in lower case."""
