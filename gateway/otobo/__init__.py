"""From the settings of an OTOBO system to a configuration of Kundengraph."""

from gateway.otobo.settings import Translation, translate
from gateway.otobo.toml import dumps

__all__ = ["Translation", "dumps", "import_settings", "translate"]


def import_settings(settings: dict[str, object], registry_url: str = "") -> str:
    """The text of a complete configuration, with a comment for everything that could not be carried over."""
    translation = translate(settings, registry_url)
    return dumps(translation.config, translation.notes)
