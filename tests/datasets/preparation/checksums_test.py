from guided_segmentation.datasets.preparation import checksums


def test_md5_is_that_of_the_standard(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert checksums.md5(tmp_path / "a") == "900150983cd24fb0d6963f7d28e17f72"


def test_the_digest_of_files_tells_where_one_ends(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "c").write_bytes(b"onet")
    (tmp_path / "d").write_bytes(b"wo")
    first = checksums.of_files([tmp_path / "a", tmp_path / "b"])
    assert first == checksums.of_files([tmp_path / "a", tmp_path / "b"])
    assert first != checksums.of_files([tmp_path / "b", tmp_path / "a"])
    assert first != checksums.of_files([tmp_path / "c", tmp_path / "d"])
