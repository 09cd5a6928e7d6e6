"""Invented names for the seed world: people, companies and places that could be real and are not.

Every e-mail domain and website ends in `.example` (reserved by RFC 2606), every phone number is one of the 555-01xx
that are kept for fiction. The one free-mail domain is real, because clients know it by name; its addresses carry an
underscore, which that provider does not allow, so nobody can own one.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_NAMES = tuple(
    """
    Ada Aisha Albert Alejandra Alice Amara Amélie Andrés Anika Anneke Antoine Arjun Astrid Aurélie Beatriz
    Benedikt Bram Brigitte Callum Camila Carmen Caroline Catarina Chiara Clara Claude Colette Connor Dagmar
    Daniela Declan Deepa Dieter Dolores Edgar Eduardo Eilidh Elena Elise Emeka Emil Esther Eva Fabio Farah Femke
    Finn Fiona Florian Frances Frederik Gabriel Gareth Gemma Geneviève Giulia Grace Greta Gustavo Hamish Hannah
    Harriet Heidi Helena Henrik Hugo Ibrahim Ines Ingrid Irene Isabel Ivo Jacob Jasmin Jelena Jerome Joana
    Johanna Jonas Josephine Juliette Kamal Karin Kasper Kenji Kirsten Klara Lars Laura Leandro Leila Liam Lieke
    Lorenzo Louise Lucas Luisa Madeleine Maëlle Magnus Malik Manuel Marek Margot Mariana Martha Mateo Mathilde
    Maud Mia Mirela Monica Morgan Nadia Naomi Nelson Niamh Nikolai Nina Noah Nora Olga Oliver Oskar Owen Pablo
    Paulina Pedro Petra Philippa Pierre Priya Quentin Rafael Rebecca Renata Rhys Rosa Rowan Ruth Sabine Samira
    Sander Sarah Sebastián Selma Siobhán Sofia Stefan Susanna Sven Tamsin Tatiana Theo Thomas Tilda Tobias
    Tomasz Ursula Valentina Vera Victor Vivian Walter Wanda Willem Xenia Yara Yasmin Yusuf Zoë
    """.split()  # noqa: SIM905 -- a list that people read and extend
)

LAST_NAMES = tuple(
    """
    Abbott Adeyemi Ahlberg Alvarado Amsel Andrade Arden Ashworth Azevedo Bachmann Baptista Barlow Beaumont
    Becker Bell Benítez Bergström Blackwood Blanchard Boateng Bonnet Bosch Brandt Brightwell Brouwer Buchanan
    Cabral Calloway Cardoso Carrington Castellano Chapman Chevalier Clarke Coelho Colquhoun Corbett Coutinho
    Crawford Dahl Dalgaard Danquah Darby Delacroix Desai Dietrich Dijkstra Donnelly Dorsey Dubois Dunbar
    Eberhardt Eckstein Edwards Ekström Ellison Engel Espinoza Evers Fairchild Falk Farrell Faulkner Fernandes
    Ferrari Fielding Fontaine Forsberg Fournier Fraser Friedrich Fuchs Gallagher García Garnier Gibbs Giordano
    Goldberg Gordon Grant Greenwood Grimaldi Haas Hagen Halvorsen Hamilton Hartmann Hawthorne Heikkinen
    Henderson Herrera Hoekstra Holloway Horváth Hughes Hutchinson Ibáñez Iversen Jansen Jensen Johansson
    Jourdain Kaplan Karlsson Kaufmann Kavanagh Keller Kimura Kingsley Klein Kowalczyk Krause Kristensen Lacroix
    Laframboise Lambert Lancaster Larsen Lefebvre Lehmann Leitão Lennox Lindqvist Lockwood Lombardi Lopes Löwe
    Łukasik MacLeod Madsen Maes Magnusson Mancini Marchetti Marsh Martínez Matthews Mbeki McAllister Medeiros
    Meier Mendoza Mercier Middleton Molina Montgomery Moreau Moretti Mueller Murakami Nakamura Navarro Newbury
    Nilsson Nkosi Norton Novák Nyström O’Brien Okafor Oliveira Olsen Ortega Osborne Osei Oyelaran Palmer Park
    Pascal Patel Pearce Peeters Pellegrini Pereira Petersen Pfeiffer Pinheiro Pinto Quigley Quintana Radcliffe
    Ramos Rasmussen Reid Reyes Ribeiro Richter Rinaldi Rivera Roche Romero Rossi Rousseau Ruiz Salazar Sandoval
    Santoro Saunders Schäfer Schneider Schröder Seabrook Sharma Silva Simmons Sinclair Sjöberg Smeets Sørensen
    Soto Stafford Steiner Strand Sutherland Svensson Takahashi Tanaka Teixeira Thornton Torres Tremblay
    Underwood Valdez Vance Vandenberg Vasquez Verhoeven Vidal Vogel Voss Wagner Walcott Waters Weiss Westbrook
    Whitaker Wilkinson Winter Wójcik Yamamoto Yates Yilmaz Zeller Zimmermann
    """.split()  # noqa: SIM905 -- a list that people read and extend
)

TITLES = (
    "Head of Operations",
    "Procurement Manager",
    "Chief Financial Officer",
    "IT Director",
    "Managing Director",
    "Plant Manager",
    "VP Sales",
    "Office Manager",
    "Supply Chain Lead",
    "Chief Technology Officer",
    "Buyer",
    "Head of Finance",
    "Project Engineer",
    "Director, Customer Service",
    "Owner",
)

COMPANY_FRONT = tuple(
    """
    Alder Amber Anvil Ash Beacon Birch Bramble Bright Brook Cedar Clover Coble Copper Coral Crane Dawn Deep
    Drift Elm Ember Falcon Fern Flint Fox Frost Glass Gold Granite Gull Harbor Hazel Heron High Hollow Iron
    Juniper Keel Kestrel Lark Linden Lumen Maple Marble Marsh Mill Moss North Oak Onyx Orchard Otter Pebble Pine
    Quarry Raven Red Reed Ridge Rowan Saffron Sage Salt Sand Shale Silver Slate South Stag Still Stone Storm
    Summit Swift Tallow Thistle Timber Umber Vale Violet West Willow Wren Yarrow
    """.split()  # noqa: SIM905 -- a list that people read and extend
)
COMPANY_BACK = tuple(
    """
    bank bay beck bend bourne bridge brook burn by cairn cliff combe cove crest croft dale den down fall fell
    field fold ford forge garth gate glen grove hall ham haven head heath hill holm hurst keep lake land lea ley
    light loch mark mead mere mont moor mount point port quay reach rise rock shaw shore side stead stone strand
    tarn thorpe ton tor vale view ward water way well wharf wick wold wood worth yard
    """.split()  # noqa: SIM905 -- a list that people read and extend
)


@dataclass(frozen=True, slots=True)
class Trade:
    """What a company does: Salesforce's industry, and the words that such a company has in its name."""

    industry: str
    words: tuple[str, ...]


TRADES = (
    Trade("Manufacturing", ("Components", "Castings", "Fabrication", "Works", "Tooling")),
    Trade("Transportation", ("Logistics", "Haulage", "Freight", "Transit", "Couriers")),
    Trade("Technology", ("Systems", "Software", "Analytics", "Networks", "Robotics")),
    Trade("Healthcare", ("Clinics", "Diagnostics", "Medical", "Care", "Therapeutics")),
    Trade("Retail", ("Outfitters", "Stores", "Trading", "Market", "Supply")),
    Trade("Construction", ("Builders", "Contractors", "Roofing", "Concrete", "Interiors")),
    Trade("Food & Beverage", ("Foods", "Bakery", "Brewing", "Provisions", "Dairy")),
    Trade("Energy", ("Energy", "Solar", "Power", "Turbines", "Grid")),
    Trade("Finance", ("Capital", "Advisers", "Leasing", "Credit", "Holdings")),
    Trade("Education", ("Academy", "Learning", "Institute", "Press", "Training")),
    Trade("Hospitality", ("Hotels", "Catering", "Resorts", "Events", "Travel")),
    Trade("Agriculture", ("Farms", "Seeds", "Orchards", "Growers", "Irrigation")),
)


@dataclass(frozen=True, slots=True)
class Land:
    """A country with some of its towns, the legal forms of its companies, and a phone prefix."""

    country: str
    forms: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    weight: int


LANDS = (
    Land(
        "United States",
        ("Inc.", "LLC", "Corp."),
        (("Columbus", "OH"), ("Denver", "CO"), ("Austin", "TX"), ("Portland", "OR"), ("Raleigh", "NC")),
        40,
    ),
    Land("United Kingdom", ("Ltd", "Limited", "PLC"), (("Leeds", ""), ("Bristol", ""), ("Glasgow", "")), 16),
    Land("Germany", ("GmbH", "AG", "GmbH & Co. KG"), (("München", ""), ("Köln", ""), ("Leipzig", "")), 14),
    Land("Canada", ("Inc.", "Ltd."), (("Montréal", "QC"), ("Calgary", "AB"), ("Halifax", "NS")), 8),
    Land("France", ("SARL", "SAS"), (("Lyon", ""), ("Nantes", ""), ("Orléans", "")), 7),
    Land("Netherlands", ("B.V.", "N.V."), (("Utrecht", ""), ("Eindhoven", "")), 6),
    Land("Spain", ("S.L.", "S.A."), (("Málaga", ""), ("Bilbao", "")), 5),
    Land("Brazil", ("Ltda.", "S.A."), (("São Paulo", "SP"), ("Curitiba", "PR")), 4),
)

STREETS = ("Mill Lane", "Station Road", "Harbour Street", "Market Square", "Foundry Way", "Park Avenue", "Kirchweg")
PRODUCTS = ("Essentials", "Professional", "Enterprise", "Analytics Add-on")
LEAD_SOURCES = (("Web", 40), ("Phone Inquiry", 15), ("Partner Referral", 15), ("Purchased List", 20), ("Other", 10))
FREE_MAIL_DOMAIN = "gmail.com"
LONG_COMPANY_NAME = (
    "{name} and Partners International Industrial Procurement, Engineering and Consulting Services Group of Companies"
)
