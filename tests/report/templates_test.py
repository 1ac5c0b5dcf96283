import configparser

import jinja2
import programs
import pytest

from guided_segmentation.report import sections, templates

PICTURE = "report/templates/picture.html.jinja"


def test_values_are_escaped():
    html = templates.render(PICTURE, title="<b>&\"'", source="")
    assert 'alt="&lt;b&gt;&amp;&#34;&#39;"' in html


def test_rendered_html_is_not_escaped_again():
    cell = sections.picture("a", b"")
    assert cell in sections.table(["", "score"], [["row", cell]])


def test_a_value_that_is_not_given_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'title' is undefined"):
        templates.render(PICTURE, source="")


def test_a_missing_template_is_named():
    with pytest.raises(jinja2.TemplateNotFound, match=r"report/none\.html"):
        templates.render("report/none.html")


def test_files_become_data_uris():
    uri = templates.data_uri("png", b"png")
    assert uri == "data:image/png;base64,cG5n"


def test_every_template_is_part_of_the_wheel():
    setup = configparser.ConfigParser()
    setup.read(programs.ROOT / "setup.cfg")
    shipped = {
        path
        for package, patterns in setup["options.package_data"].items()
        for pattern in patterns.split()
        for path in (programs.ROOT / package.replace(".", "/")).glob(pattern)
    }
    package = programs.ROOT / "guided_segmentation"
    templates_of_package = set(package.rglob("templates/*"))
    assert len(templates_of_package) > 10
    assert templates_of_package <= shipped
