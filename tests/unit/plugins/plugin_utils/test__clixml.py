# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder against real Exchange objects (clixml/, see its README) and against psrpcore's decoder as oracle."""

from __future__ import annotations

import copy
import pathlib
import xml.etree.ElementTree as ET

import psrpcore.types
import pytest
from psrpcore._crypto import PSRemotingCrypto

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _clixml

FILES = sorted((pathlib.Path(__file__).parent / "clixml").glob("*.xml"))
NOT_DATA = {"SerializationData", "PSComputerName", "PSShowComputerName", "RunspaceId"}


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


def flattened(text: str) -> str:
    """The document as remoting at depth 1 sends it: what is nested in a property or a list is its ToString."""
    root = _clixml.parse(text)
    objects = {element.get("RefId"): element for element in root.iter("Obj")}

    def flat(element: ET.Element) -> ET.Element:
        name = element.get("N")
        source = objects[element.get("RefId")] if element.tag == "Ref" else element
        new = ET.Element(source.tag)
        if source.tag != "Obj":
            new.text = source.text
        elif (items := next((child for child in source if child.tag in ("LST", "IE")), None)) is not None:
            new.set("RefId", source.get("RefId", ""))
            ET.SubElement(new, items.tag).extend(flat(item) for item in items)
        else:
            new = ET.Element("S")
            new.text = source.findtext("ToString", "")
        if name:
            new.set("N", name)
        return new

    result = ET.Element("Objs")
    for element in root:
        outer = ET.SubElement(result, "Obj", RefId=element.get("RefId", ""))
        for child in element:
            if child.tag in ("Props", "MS"):
                ET.SubElement(outer, child.tag).extend(flat(item) for item in child)
            else:
                outer.append(copy.deepcopy(child))
    return ET.tostring(result, encoding="unicode")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rich_and_flattened_forms_decode_to_the_same(path: pathlib.Path) -> None:
    text = read(path)
    rich = _clixml.decode(text)
    assert rich
    assert _clixml.decode(flattened(text)) == rich


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_agrees_with_psrpcore(path: pathlib.Path) -> None:
    text = read(path)
    # One element, because references lead from one object of a document to another.
    whole = ET.Element("Obj", RefId="whole")
    ET.SubElement(whole, "LST").extend(_clixml.parse(text))
    for ours, theirs in zip(_clixml.decode(text), psrpcore.types.deserialize(whole, PSRemotingCrypto()), strict=True):
        properties = {
            prop.name: prop.get_value(theirs)
            for prop in [*theirs.PSObject.adapted_properties, *theirs.PSObject.extended_properties]
            if prop.name not in NOT_DATA
        }
        assert list(ours) == list(properties)
        for name, value in properties.items():
            assert plain(ours[name]) == plain(value), name


def plain(value: object) -> object:
    """Both sides' values in a form that can be compared: text, but for what JSON has a type for."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | psrpcore.types.PSList | psrpcore.types.PSQueue):
        return [plain(item) for item in value]
    if isinstance(value, psrpcore.types.PSDateTime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    text = str(value)
    return text[:19] if len(text) > 19 and text[4:5] == text[7:8] == "-" and text[10:11] == "T" else text


def test_real_send_connector() -> None:
    connector = _clixml.decode(read(next(path for path in FILES if "SendConnector" in path.name)))[0]
    assert connector["Name"] == "Mail to O365"
    assert [space.lower() for space in connector["AddressSpaces"]] == ["smtp:*;1"]
    assert connector["SmartHosts"] == ["microsoft-com.mail.protection.outlook.com"]
    assert connector["ConnectedDomains"] == []
    assert connector["MaxMessageSize"] == "35 MB (36,700,160 bytes)"
    assert connector["ConnectionInactivityTimeOut"] == "00:10:00"
    assert connector["ErrorPolicies"] == "Default"
    assert connector["Port"] == 25
    assert connector["CloudServicesMailEnabled"] is True
    assert connector["TlsDomain"] is None
    assert "SerializationData" not in connector


def test_real_accepted_domain() -> None:
    domain = _clixml.decode(read(next(path for path in FILES if "AcceptedDomain" in path.name)))[0]
    assert (domain["DomainName"], domain["DomainType"], domain["Default"]) == ("Solo.com", "Authoritative", True)


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ("<S>line_x000A_break</S>", "line\nbreak"),
        ("<S>_xD83D__xDE00_</S>", "\N{GRINNING FACE}"),
        ("<S>_x005F_x000A_</S>", "_x000A_"),
        ("<S>Gruppe \N{LATIN SMALL LETTER U WITH DIAERESIS}</S>", "Gruppe \N{LATIN SMALL LETTER U WITH DIAERESIS}"),
        ("<S />", ""),
        ("<Nil />", None),
        ("<B>true</B>", True),
        ("<I64>9007199254740993</I64>", 9007199254740993),
        ("<Db>0.5</Db>", 0.5),
        ("<C>65</C>", "A"),
        ("<G>5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10</G>", "5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10"),
        ("<DT>2026-11-24T03:40:36Z</DT>", "2026-11-24T03:40:36Z"),
        ("<TS>PT30M</TS>", "PT30M"),
        ("<SS>0123</SS>", None),
        ('<Obj RefId="0"><TN RefId="0"><T>System.String</T></TN><S>text</S></Obj>', "text"),
        ('<Obj RefId="0"><ToString>InternalRelay</ToString><I32>2</I32></Obj>', "InternalRelay"),
        ('<Obj RefId="0"><LST><S>a</S><Nil /></LST></Obj>', ["a", None]),
        ('<Obj RefId="0"><DCT><En><S N="Key">Add</S><I32 N="Value">1</I32></En></DCT></Obj>', {"Add": 1}),
        ('<Obj RefId="0"><Props><S N="A">1</S></Props><MS><S N="B">2</S></MS></Obj>', {"A": "1", "B": "2"}),
    ],
)
def test_values(xml: str, value: object) -> None:
    assert _clixml.decode(xml) == [value]


def test_reference_to_an_object_inside_a_list() -> None:
    xml = (
        '<Obj RefId="0"><Props><Obj N="Servers" RefId="1"><LST><Obj RefId="2"><ToString>EX1</ToString></Obj></LST></Obj>'
        '<Ref N="Home" RefId="2" /></Props></Obj>'
    )
    assert _clixml.decode(xml) == [{"Servers": ["EX1"], "Home": "EX1"}]


@pytest.mark.parametrize("xml", ["<Obj", "<Wrong />", '<Obj RefId="0"><Props><Ref N="A" RefId="9" /></Props></Obj>'])
def test_what_is_not_clixml_is_refused(xml: str) -> None:
    with pytest.raises(_clixml.ClixmlError):
        _clixml.decode(xml)
