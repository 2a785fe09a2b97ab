import json

import pytest

from geans.pages import template


def test_no_text_ends_the_script_that_it_is_in():
    value = {"</script><script>": ["<!--", 1.5]}
    text = template.as_json(value)
    assert "<" not in text and json.loads(text) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        template.as_json(float("nan"))


def test_a_page_is_one_file_in_a_new_folder(tmp_path):
    path = template.checked(tmp_path / "new" / "page.html")
    names = "title summary sections footer curves".split()
    template.write(path, "report", **dict.fromkeys(names, "<b>ümlaut</b>"))
    page = path.read_text(encoding="utf-8")
    assert page.count("<b>ümlaut</b>") >= len(names)
    assert (
        template.part("base.css").decode() in page and template.part("report.js").decode() in page
    )
    assert [each.name for each in path.parent.iterdir()] == ["page.html"]


@pytest.mark.parametrize("name", ["page", "page.htm", "page.html/"])
def test_other_paths_are_errors(name, tmp_path):
    if name.endswith("/"):
        (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=r"must end in .html. Received: .*page"):
        template.checked(f"{tmp_path}/{name}")
