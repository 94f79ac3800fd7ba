"""Self-contained pages and pictures; `quarterhour.maps.page` makes the page of a study."""
