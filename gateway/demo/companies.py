"""The customers of the demo's help desk: some 120 companies, one a line."""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.demo.names import (
    AUSTRIAN,
    DANISH,
    GERMAN,
    IRISH,
    JAPANESE,
    POLISH,
    SPANISH,
    SWEDISH,
    SWISS,
    TURKISH,
    City,
    Culture,
)


@dataclass(frozen=True, slots=True)
class Company:
    """A customer: its ID, its name, the first part of its mail domain, and where it sits."""

    customer_id: str
    name: str
    domain: str
    culture: Culture
    city: City
    validity: int = 1
    comment: str | None = None


LIST: tuple[tuple[Culture, str], ...] = (
    (
        GERMAN,
        """NORDLICHT|Nordlicht Reederei GmbH|nordlicht|Hamburg
        K-1042|Bäckerei Süßmilch & Söhne OHG|suessmilch|Lübeck
        HANSEATIC|Hanseatic Logistik AG|hanseatic-logistik|Hamburg
        ISARWERK|Isarwerk Maschinenbau GmbH & Co. KG|isarwerk|München
        RHEINGOLD|Rheingold Versicherung a. G.|rheingold-versicherung|Köln
        K-1001|Möbelhaus Grünwald KG|moebel-gruenwald|Nürnberg
        K-1002|Schäfer Haustechnik GmbH|schaefer-haustechnik|Gießen
        K-1003|Kanzlei Dr. Überschär & Partner|ueberschaer|Berlin
        K-1004|Drogerie Weiß e. K.|drogerie-weiss|Görlitz
        K-1005|Straßburger Tiefbau GmbH|strassburger-tiefbau|Osnabrück
        K-1006|Autohaus Jäger GmbH|autohaus-jaeger|Würzburg
        K-1007|Klinikum Südstadt gGmbH|klinikum-suedstadt|Köln
        K-1008|Stadtwerke Gießen Netz GmbH|swg-netz|Gießen
        K-1009|Buchhandlung Lüdemann|ludemann|Lübeck
        K-1010|Brauerei Zum Löwen AG|loewenbraeu-demo|Nürnberg
        K-1011|Zahntechnik König|zahntechnik-koenig|Stuttgart
        K-1012|Voß & Thoß Steuerberatung|voss-thoss|Düsseldorf
        K-1013|Gärtnerei Sonnenblüte|sonnenbluete|Würzburg
        K-1014|Fährdienst Ostsee GmbH|faehrdienst|Lübeck
        K-1015|Spedition Kowalski GmbH|kowalski-spedition|Görlitz
        K-1016|Hotel Königshof Betriebs-GmbH|koenigshof|München
        K-1017|Elbphonie Konzertagentur|elbphonie|Hamburg
        K-1018|Märkische Molkerei eG|maerkische-molkerei|Berlin
        K-1019|Prüflabor Böhm GmbH|prueflabor-boehm|Stuttgart
        K-1020|Käserei Allgäublick|allgaeublick|München
        K-1021|Rheinhafen Umschlag GmbH|rheinhafen|Düsseldorf
        K-1022|Altstadt-Apotheke Dörfler|apotheke-doerfler|Nürnberg
        K-1023|Solarpark Spreewald GmbH|solarpark-spreewald|Berlin
        K-1024|Zweirad Petersen|zweirad-petersen|Lübeck
        K-1025|Werkzeugbau Hartmann GmbH|hartmann-werkzeugbau|Stuttgart
        K-1026|Verlag Lange & Lehmann|lange-lehmann|Berlin
        K-1027|Fleischerei Krüger|fleischerei-krueger|Görlitz
        K-1028|Osnabrücker Papierfabrik AG|papierfabrik-os|Osnabrück
        K-1029|Kölner Messebau GmbH|messebau-koeln|Köln
        K-1030|Theater an der Weser e. V.|theater-weser|Osnabrück
        K-1031|Dentallabor Schröder|dentallabor-schroeder|Gießen
        K-1032|Fränkische Feinkost GmbH|fraenkische-feinkost|Würzburg
        K-1033|Mühlenwerke Hansen|muehlenwerke|Hamburg
        K-1034|Ingenieurbüro Haußmann|ib-haussmann|Stuttgart
        K-1035|Reisebüro Fernweh|fernweh-reisen|Düsseldorf
        K-1036|Textilreinigung Weißer Riese|weisser-riese|Köln
        K-1037|Optik Schulz|optik-schulz|Berlin
        K-1038|Tierklinik am Südring|tierklinik-suedring|München
        K-1039|Datenschutz Nord GbR|datenschutz-nord|Hamburg
        K-1040|Glashütte Lauscha Vertrieb|glashuette|Würzburg
        K-1041|Energieberatung Köhler|energie-koehler|Gießen
        K-1043|Musikschule Crescendo|crescendo|Düsseldorf
        K-1044|Landmaschinen Brüning|bruening-land|Osnabrück
        K-1045|Bürobedarf Meißner|buero-meissner|Görlitz
        STADTBIB|Stadtbibliothek Nürnberg|stadtbibliothek-n|Nürnberg
        TU-SUED|Technische Universität Süd|tu-sued|Stuttgart""",
    ),
    (
        AUSTRIAN,
        """ALPENBLICK|Alpenblick Hotels GmbH|alpenblick|Innsbruck
        EDELWEISS|Edelweiß Seilbahnen AG|edelweiss-bahnen|Salzburg
        A-2001|Konditorei Brandstätter|brandstaetter|Wien
        A-2002|Donau Reederei Linz GmbH|donau-linz|Linz
        A-2003|Weingut Hölzl|weingut-hoelzl|Graz
        A-2004|Mühlbacher Holzbau GmbH|muehlbacher|Linz
        A-2005|Wiener Kaffeeröster KG|kaffeeroester|Wien
        A-2006|Grazer Getriebebau AG|getriebebau|Graz
        A-2007|Festspielservice Salzburg|festspielservice|Salzburg
        A-2008|Tiroler Sportklinik|sportklinik-tirol|Innsbruck
        A-2009|Prohaska & Novak Rechtsanwälte|prohaska-novak|Wien
        A-2010|Bergwacht Ausrüstung GmbH|bergwacht-shop|Innsbruck""",
    ),
    (
        SWISS,
        """HELVETIA-UHR|Helvetia Uhrenmanufaktur SA|helvetia-uhr|Genève
        MATTERHORN|Matterhorn Rück AG|matterhorn-rueck|Zürich
        CH-3001|Bühler Präzision AG|buehler-praezision|Zürich
        CH-3002|Chocolaterie Rochat Sàrl|rochat|Genève
        CH-3003|Berner Oberland Milch|bo-milch|Bern
        CH-3004|Pharma Rheinknie AG|rheinknie|Basel
        CH-3005|Tessiner Granit SA|granit-ticino|Lugano
        CH-3006|Hürlimann Treuhand|huerlimann-treuhand|Zürich
        CH-3007|Nägeli Verkehrstechnik|naegeli|Bern
        CH-3008|Grand Hôtel du Léman|hotel-leman|Genève
        CH-3009|Caduff Bergbahnen AG|caduff|Zürich""",
    ),
    (
        POLISH,
        """BURSZTYN|Bursztyn Gdański Sp. z o.o.|bursztyn|Gdańsk
        WISLA-IT|Wisła IT S.A.|wisla-it|Kraków
        PL-4001|Zakłady Włókiennicze Łódź|wlokno|Łódź
        PL-4002|Księgarnia Świętokrzyska|ksiegarnia|Warszawa
        PL-4003|Stocznia Północna|stocznia|Gdańsk
        PL-4004|Piekarnia Dąbrowski|piekarnia-dabrowski|Kraków
        PL-4005|Kancelaria Żak i Wspólnicy|kancelaria-zak|Warszawa
        PL-4006|Szkło Śląskie Sp. z o.o.|szklo|Kraków""",
    ),
    (
        SWEDISH,
        """NORRSKEN|Norrsken Energi AB|norrsken|Stockholm
        SE-5001|Göteborgs Varv AB|gbg-varv|Göteborg
        SE-5002|Malmö Möbler AB|malmo-mobler|Malmö
        SE-5003|Ångström Mätteknik AB|angstrom|Stockholm
        SE-5004|Västkust Fisk AB|vastkust-fisk|Göteborg
        SE-5005|Öresund Bioteknik AB|oresund-bio|Malmö""",
    ),
    (
        DANISH,
        """SMOERREBROED|Smørrebrød Nørregade ApS|smorrebrod|København
        DK-5101|Ærø Færgefart A/S|aero-faerge|Odense
        DK-5102|Vindkraft Vest A/S|vindkraft-vest|Aarhus
        DK-5103|Østergaard Design ApS|ostergaard-design|København
        DK-5104|Legetøj Århus ApS|legetoj|Aarhus""",
    ),
    (
        TURKISH,
        """BOSPORUS|Boğaziçi Lojistik A.Ş.|bogazici|İstanbul
        TR-6001|Öztürk Tekstil Ltd. Şti.|ozturk-tekstil|İzmir
        TR-6002|Güneş Enerji A.Ş.|gunes-enerji|Ankara
        TR-6003|Çelik Makina Sanayi|celik-makina|İstanbul
        TR-6004|Ege Zeytinyağı A.Ş.|ege-zeytin|İzmir
        TR-6005|Kapadokya Turizm|kapadokya|Ankara""",
    ),
    (
        SPANISH,
        """LA-PENA|Viñedos La Peña S.L.|vinedos-lapena|Madrid
        ES-7001|Astilleros Coruña S.A.|astilleros|A Coruña
        ES-7002|Ibáñez Cerámica S.L.|ibanez-ceramica|Málaga
        ES-7003|Núñez & Muñoz Abogados|nunez-munoz|Madrid
        ES-7004|Tecnología Catalana S.A.|tecnocat|Barcelona
        ES-7005|Pescados Andalucía S.L.|pescados|Málaga
        ES-7006|Hospital San José|hospital-sanjose|Barcelona""",
    ),
    (
        JAPANESE,
        """SAKURA|Sakura Robotics K.K.|sakura-robotics|Tōkyō
        JP-8001|Ōno Seimitsu K.K.|ono-seimitsu|Ōsaka
        JP-8002|Kyōto Green Tea Co., Ltd.|kyoto-tea|Kyōto
        JP-8003|Saitō Shipping K.K.|saito-shipping|Tōkyō
        JP-8004|Kobayashi Optical K.K.|kobayashi-optical|Ōsaka""",
    ),
    (
        IRISH,
        """EMERALD|Emerald Isle Software Ltd.|emerald|Dublin
        IE-9001|O'Sullivan & Daughters Ltd.|osullivan-daughters|Cork
        IE-9002|Galway Bay Seaweed Ltd.|galway-seaweed|Galway
        IE-9003|D'Arcy Distillers plc|darcy-distillers|Dublin
        IE-9004|Nolan's Tea House|nolans-tea|Cork""",
    ),
)

INVALID = {
    "K-1027": (2, "Geschäft aufgegeben"),
    "K-1040": (2, "übernommen von K-1032"),
    "TR-6005": (3, "Vertrag ruht"),
    "PL-4006": (2, "fusioniert mit WISLA-IT"),
}
"""Customers that are no longer served, or not at present."""

NOTED = {
    "NORDLICHT": "Rahmenvertrag, Ansprechpartnerin Anna Müller",
    "SAKURA": "Partner: sieht auch Tickets anderer Kunden (Logistik)",
    "EMERALD": "Beta tester; invoices to the Cork office",
    "K-1042": "Backstube ab 3 Uhr erreichbar",
}


def companies() -> Iterator[Company]:
    """Every company, in the order of the list."""
    for culture, lines in LIST:
        for line in lines.splitlines():
            customer_id, name, domain, city = (part.strip() for part in line.split("|"))
            validity, comment = INVALID.get(customer_id, (1, NOTED.get(customer_id)))
            yield Company(customer_id, name, domain, culture, culture.city(city), validity, comment)
