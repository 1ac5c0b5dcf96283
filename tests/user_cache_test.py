import pathlib

from guided_segmentation import user_cache


def test_the_environment_names_the_folder(monkeypatch):
    monkeypatch.setenv("GUIDED_SEGMENTATION_CACHE", "/cache")
    assert user_cache.path("decoded") == pathlib.Path("/cache/decoded")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("GUIDED_SEGMENTATION_CACHE", "~/cache")
    assert user_cache.path("a") == pathlib.Path("/home/me/cache/a")


def test_without_it_the_folder_is_in_the_home_of_the_user(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    wanted = pathlib.Path("/home/me/.cache/guided_segmentation/decoded")
    monkeypatch.setenv("GUIDED_SEGMENTATION_CACHE", "")
    assert user_cache.path("decoded") == wanted
    monkeypatch.delenv("GUIDED_SEGMENTATION_CACHE")
    assert user_cache.path("decoded") == wanted
