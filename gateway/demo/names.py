"""Names, places and numbers of the demo's countries: plain data, one culture for each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A town with a postal code and the dialling prefix of its numbers."""

    name: str
    zip: str
    dial: str


@dataclass(frozen=True, slots=True)
class Culture:
    """What people and places are called in one country."""

    country: str
    language: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[City, ...]
    mobile: str
    titles: tuple[str, ...] = ("Dr.",)
    number_first: bool = False
    """Whether the house number stands before the street."""

    def city(self, name: str) -> City:
        """The town of this name."""
        return next(city for city in self.cities if city.name == name)


def _cities(text: str) -> tuple[City, ...]:
    return tuple(City(*(part.strip() for part in line.split("|"))) for line in text.strip().splitlines())


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


GERMAN = Culture(
    "Deutschland",
    "de",
    given=_words(
        "Anna Birgit Christine Doris Elke Franziska Gisela Hannah Ines Jana Katharina Lena Maren Nele Petra Renate "
        "Sabine Tanja Ute Verena Wiebke Käthe Jörg Jürgen Günther Björn Sören Andreas Bernd Christoph Dirk Erik "
        "Florian Georg Holger Ingo Jan Karsten Lukas Markus Niklas Oliver Philipp Ralf Stefan Thorsten Uwe Volker"
    ),
    family=_words(
        "Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf "
        "Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Lehmann "
        "Köhler Maier König Kaiser Fuchs Lang Weiß Jäger Böhm Grünwald Groß Voß Möller Thoß Dörfler Süßmilch "
        "Brüning Hansen Petersen Jansen Lüdemann Überschär Özdemir Kowalski Nguyen Haußmann Straßburger"
    ),
    streets=_lines(
        "Hauptstraße, Bahnhofstraße, Gartenweg, Lindenallee, Schillerstraße, Goethestraße, Am Markt, Hafenstraße, "
        "Mühlenweg, Königsallee, An der Alster, Industriestraße, Rosenweg, Großer Burstah, Kirchgasse, Südring"
    ),
    cities=_cities(
        """Hamburg|20457|+49 40
        Berlin|10115|+49 30
        München|80331|+49 89
        Köln|50667|+49 221
        Düsseldorf|40213|+49 211
        Stuttgart|70173|+49 711
        Nürnberg|90402|+49 911
        Lübeck|23552|+49 451
        Osnabrück|49074|+49 541
        Görlitz|02826|+49 3581
        Würzburg|97070|+49 931
        Gießen|35390|+49 641"""
    ),
    mobile="+49 170",
    titles=("Dr.", "Dr.", "Prof. Dr.", "Dipl.-Ing."),
)

AUSTRIAN = Culture(
    "Österreich",
    "de",
    given=_words(
        "Leopold Franz Johann Wolfgang Alois Matthias Severin Theresa Magdalena Elisabeth Eva Sophie Barbara "
        "Hannes Gerhard Rupert Veronika Anneliese"
    ),
    family=_words(
        "Huber Gruber Steiner Moser Pichler Egger Wallner Brandstätter Hölzl Mühlbacher Kürschner Haslinger Zöchling "
        "Ebner Wögerer Stöckl Prohaska Novak"
    ),
    streets=_lines(
        "Mariahilfer Straße, Getreidegasse, Landstraße, Am Graben, Höttinger Au, Linzer Gasse, Schloßweg"
    ),
    cities=_cities(
        "Wien|1010|+43 1\nGraz|8010|+43 316\nSalzburg|5020|+43 662\nInnsbruck|6020|+43 512\nLinz|4020|+43 732"
    ),
    mobile="+43 664",
    titles=("Mag.", "DI", "Dr.", "Mag. Dr."),
)

SWISS = Culture(
    "Schweiz",
    "de",
    given=_words(
        "Urs Reto Beat Regula Ursina Nicolas Chantal Luca Giulia François Hélène Andrea Corinne Jürg Rätus Flurina"
    ),
    family=_words(
        "Ammann Bühler Zürcher Bänziger Rochat Favre Müller-Thurgau Lüthi Bernasconi Caduff Schläpfer Hürlimann "
        "Nägeli Gerber Blanc Tschudi"
    ),
    streets=_lines(
        "Bahnhofstrasse, Limmatquai, Rue du Rhône, Spitalgasse, Seestrasse, Via Nassa, Obergütschrain"
    ),
    cities=_cities(
        "Zürich|8001|+41 44\nBern|3011|+41 31\nGenève|1204|+41 22\nBasel|4051|+41 61\nLugano|6900|+41 91"
    ),
    mobile="+41 79",
)

POLISH = Culture(
    "Polen",
    "pl",
    given=_words(
        "Katarzyna Agnieszka Małgorzata Zofia Grażyna Łucja Paweł Michał Stanisław Łukasz Wojciech Krzysztof "
        "Zbigniew Bożena"
    ),
    family=_words(
        "Wiśniewski Wójcik Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Jabłoński Mazur "
        "Krawczyk Piątek Grabowski Żak Świątek"
    ),
    streets=_lines(
        "ul. Marszałkowska, ul. Floriańska, ul. Długa, al. Jerozolimskie, ul. Świętokrzyska, ul. Piękna"
    ),
    cities=_cities("Warszawa|00-001|+48 22\nKraków|31-001|+48 12\nGdańsk|80-001|+48 58\nŁódź|90-001|+48 42"),
    mobile="+48 601",
)

SWEDISH = Culture(
    "Schweden",
    "sv",
    given=_words("Åsa Göran Malin Sven Ingrid Björn Lars Ebba Elin Örjan Kerstin Oskar"),
    family=_words(
        "Lindqvist Åkesson Öberg Sjöström Bergström Ångström Nilsson Hallström Ekström Söderlund Björk"
    ),
    streets=_lines("Drottninggatan, Kungsgatan, Södra vägen, Västra Hamngatan, Strandvägen"),
    cities=_cities("Stockholm|111 20|+46 8\nGöteborg|411 06|+46 31\nMalmö|211 20|+46 40"),
    mobile="+46 70",
)

DANISH = Culture(
    "Dänemark",
    "da",
    given=_words("Søren Mette Jørgen Kirsten Rasmus Freja Bjørn Åse Mikkel Line"),
    family=_words("Sørensen Nielsen Jørgensen Ågård Kjær Østergaard Bæk Mølgaard Nørgaard Thomsen"),
    streets=_lines("Nørregade, Østergade, Vesterbrogade, Strøget, Åboulevarden"),
    cities=_cities("København|1050|+45 33\nAarhus|8000|+45 86\nOdense|5000|+45 66"),
    mobile="+45 20",
)

TURKISH = Culture(
    "Türkei",
    "tr",
    given=_words("Mehmet Ayşe Çağla Ömer Gül İbrahim Şebnem Emre Zeynep Uğur Hülya Barış"),
    family=_words("Yılmaz Öztürk Çelik Şahin Aydın Güneş Kılıç Doğan Arslan Koç Erdoğdu Türkmen"),
    streets=_lines("İstiklal Caddesi, Bağdat Caddesi, Atatürk Bulvarı, Çiçek Sokak, Gül Sokak"),
    cities=_cities("İstanbul|34433|+90 212\nAnkara|06420|+90 312\nİzmir|35210|+90 232"),
    mobile="+90 532",
)

SPANISH = Culture(
    "Spanien",
    "es",
    given=_words("María José Begoña Íñigo Lucía Andrés Concepción Álvaro Inés Raúl Núria Joaquín"),
    family=_lines(
        "García, Muñoz, Ibáñez, Peña, Núñez, Rodríguez, de la Fuente, Martín, Álvarez, Gutiérrez, Castaño, Sáenz"
    ),
    streets=_lines("Calle Mayor, Gran Vía, Calle de Alcalá, Paseo de Gracia, Avenida de la Constitución"),
    cities=_cities(
        "Madrid|28013|+34 91\nBarcelona|08002|+34 93\nA Coruña|15001|+34 981\nMálaga|29015|+34 952"
    ),
    mobile="+34 600",
)

JAPANESE = Culture(
    "Japan",
    "ja",
    given=_words("Haruki Yuki Sakura Kenji Ayako Ryōta Keiko Takumi Naomi Shin'ichi Yōko Hiroshi"),
    family=_words("Tanaka Satō Suzuki Watanabe Itō Yamamoto Kobayashi Ōno Kondō Hayashi Matsumoto Saitō"),
    streets=_lines("Marunouchi, Shinjuku, Namba, Sakae, Gion-machi"),
    cities=_cities("Tōkyō|100-0005|+81 3\nŌsaka|542-0076|+81 6\nKyōto|605-0073|+81 75"),
    mobile="+81 90",
)

IRISH = Culture(
    "Irland",
    "en",
    given=_words("Siobhán Aoife Niamh Seán Pádraig Ciarán Róisín Liam Gráinne Conor Éamon Maeve"),
    family=_words(
        "O'Brien O'Connor O'Sullivan Byrne D'Arcy McCarthy Ó'Dálaigh Murphy Kelly Nolan Fitzgerald O'Reilly"
    ),
    streets=_lines("O'Connell Street, St Stephen's Green, Patrick Street, Shop Street, Merchant's Quay"),
    cities=_cities("Dublin|D02 XY45|+353 1\nCork|T12 W8KP|+353 21\nGalway|H91 E2R8|+353 91"),
    mobile="+353 87",
    number_first=True,
)

CULTURES = (GERMAN, AUSTRIAN, SWISS, POLISH, SWEDISH, DANISH, TURKISH, SPANISH, JAPANESE, IRISH)
