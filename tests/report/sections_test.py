from guided_segmentation.report import sections


def test_a_table_has_a_heading_a_row_title_and_cells():
    html = sections.table(["", "mP"], [["GAP-ROI", "80.8"]], "A note.")
    assert "<tr><th></th><th>mP</th></tr>" in html
    assert "<tr><th>GAP-ROI</th><td>80.8</td></tr>" in html
    assert '<p class="key">A note.</p>' in html


def test_a_table_without_note_has_no_paragraph():
    assert "<p" not in sections.table(["", "mP"], [["GAP-ROI", "80.8"]])


def test_a_picture_is_inline_and_has_a_title():
    html = sections.picture("Figure 3", b"png")
    assert 'alt="Figure 3" src="data:image/png;base64,cG5n"' in html


def test_cells_titles_and_notes_of_tables_are_escaped():
    html = sections.table(["<b>"], [["<b>", "<b>"]], "<b>")
    assert html.count("&lt;b&gt;") == 4
    assert "<b>" not in html
