"""The same three parties as five publishers write them, and goods in the table of our own."""

from typing import Any
from urllib.parse import urlencode

SIMPLE = (
    '"id","schema","name","aliases","birth_date","countries","addresses","identifiers","sanctions",'
    '"phones","emails","dataset","first_seen","last_seen","last_change"\n'
    '"NK-1","Company","Keremet Bank OJSC","ОАО «Керемет Банк»;«Керемет Банк» ААК","","kg","",'
    '"KRBK KG 22","OFAC SDN","","","OFAC","2025-01-15T00:00:00","",""\n'
    '"NK-2","Person","Ivan Examplov","","1970","ru","","","EU 2025/1","","","EU","2025-10-23","",""\n'
    '"NK-3","Security","A bond","","","","","","","","","","","",""\n'
    '"NK-4","Company","Yiwu Huaqiang Import & Export Co., Ltd.","义乌市华强进出口有限公司","","cn","",'
    '"91330782MA28D5QX3P","UK","","","UK","2025-10-23","",""\n'
).encode()

NDJSON = (
    '{"id":"NK-1","schema":"Company","target":true,"properties":{"name":["Keremet Bank OJSC"],'
    '"alias":["ОАО «Керемет Банк»"],"swiftBic":["KRBKKG22"],"country":["kg"],"topics":["sanction"]}}\n'
    '{"id":"NK-9","schema":"Address","properties":{"full":["Bishkek"]}}\n'
    '{"id":"NK-5","schema":"Company","target":false,"properties":{"name":["A neighbour"]}}\n'
).encode()

OFAC = b"""<?xml version="1.0" encoding="utf-8"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>01/15/2025</Publish_Date></publshInformation>
  <sdnEntry><uid>51234</uid><lastName>KEREMET BANK OJSC</lastName><sdnType>Entity</sdnType>
    <programList><program>RUSSIA-EO14024</program></programList>
    <akaList><aka><uid>1</uid><type>a.k.a.</type><lastName>OAO KEREMET BANK</lastName></aka></akaList>
    <idList><id><uid>2</uid><idType>SWIFT/BIC</idType><idNumber>KRBKKG22</idNumber></id></idList>
    <addressList><address><uid>3</uid><country>Kyrgyzstan</country></address></addressList>
  </sdnEntry>
  <sdnEntry><uid>51235</uid><firstName>Ivan</firstName><lastName>EXAMPLOV</lastName>
    <sdnType>Individual</sdnType></sdnEntry>
</sdnList>"""

UN = """<?xml version="1.0" encoding="utf-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-11-20T00:00:00Z"><INDIVIDUALS><INDIVIDUAL>
  <DATAID>6908001</DATAID><FIRST_NAME>IVAN</FIRST_NAME><SECOND_NAME>EXAMPLOV</SECOND_NAME>
  <UN_LIST_TYPE>Example</UN_LIST_TYPE><LISTED_ON>2015-02-03</LISTED_ON>
  <NAME_ORIGINAL_SCRIPT>Иван Примеров</NAME_ORIGINAL_SCRIPT>
  <NATIONALITY><VALUE>Example State</VALUE></NATIONALITY>
  <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>I. Examplov</ALIAS_NAME></INDIVIDUAL_ALIAS>
  <INDIVIDUAL_DOCUMENT><NUMBER>AB 123456</NUMBER></INDIVIDUAL_DOCUMENT>
</INDIVIDUAL></INDIVIDUALS><ENTITIES><ENTITY><DATAID>6908002</DATAID>
  <FIRST_NAME>EXAMPLE FOUNDATION</FIRST_NAME><UN_LIST_TYPE>Example</UN_LIST_TYPE>
  <ENTITY_ALIAS><ALIAS_NAME>The Foundation of Examples</ALIAS_NAME></ENTITY_ALIAS>
  <ENTITY_ADDRESS><COUNTRY>Kyrgyzstan</COUNTRY></ENTITY_ADDRESS>
</ENTITY></ENTITIES></CONSOLIDATED_LIST>""".encode()

EU = """<?xml version="1.0" encoding="utf-8"?>
<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-11-20T10:00:00.000+01:00">
  <sanctionEntity euReferenceNumber="EU.1.2" logicalId="171001">
    <regulation programme="RUS" publicationDate="2025-10-23" numberTitle="2025/2033"/>
    <subjectType code="enterprise" classificationCode="E"/>
    <nameAlias wholeName="OJSC Tolubay Bank" nameLanguage="EN"/>
    <nameAlias wholeName="ОАО «Толубай Банк»" nameLanguage="RU"/>
    <identification number="KG-12345" identificationTypeCode="regnumber"/>
    <address countryIso2Code="KG" city="Bishkek"/>
  </sanctionEntity></export>""".encode()

COLUMNS = "id,kind,name,aliases,identifiers,countries,programme,listed_on,hs_codes\n"
GOODS = (
    f"{COLUMNS}cnc,goods,Machining centres,,,KG,EU 833/2014 Annex XXIII,2026-02-24,8457 10;8458\n"
    "modem,goods,Modems and routers,,,KG,EU 833/2014 Annex XXIII,2026-02-24,8517.62\n"
).encode()


def table(*lines: str) -> bytes:
    """A list of our own form."""
    return (COLUMNS + "".join(f"{line}\n" for line in lines)).encode()


def sent(
    operator: Any, data: bytes, format: str = "table_csv", name: str = "own", **more: Any
) -> Any:
    """The answer to an import."""
    query = urlencode(
        {"format": format, "title": "A list", "source": "https://lists.example", **more}
    )
    return operator.post(
        f"/v1/watch-lists/{name}/import?{query}",
        content=data,
        headers={"Content-Type": "application/octet-stream"},
    )
