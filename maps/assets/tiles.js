// Base-map tiles, where the study asks for them. Tiles in GCJ-02 are moved back by its shift: the
// layer is told that the map's centre lies where that datum has it, so that the tiles meet the
// study's WGS-84 figures in the middle of the view and within two pixels of it elsewhere.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const L = root.L;
  const A = 6378245.0; // Krasovsky 1940, as in quarterhour.data.datum
  const EE = 0.00669342162296594323;
  const PI = Math.PI;

  function waves(x) {
    return (20 * Math.sin(6 * x * PI) + 20 * Math.sin(2 * x * PI)) * 2 / 3;
  }

  function north(x, y) {
    return -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + waves(x) +
      (20 * Math.sin(y * PI) + 40 * Math.sin(y / 3 * PI)) * 2 / 3 +
      (160 * Math.sin(y / 12 * PI) + 320 * Math.sin(y * PI / 30)) * 2 / 3;
  }

  function east(x, y) {
    return 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + waves(x) +
      (20 * Math.sin(x * PI) + 40 * Math.sin(x / 3 * PI)) * 2 / 3 +
      (150 * Math.sin(x / 12 * PI) + 300 * Math.sin(x / 30 * PI)) * 2 / 3;
  }

  // WGS-84 to GCJ-02; outside the rectangle of China nothing is shifted.
  Q.shifted = function (at) {
    const place = L.latLng(at);
    if (place.lng < 72.004 || place.lng > 137.8347 || place.lat < 0.8293 || place.lat > 55.8271) return place;
    const x = place.lng - 105;
    const y = place.lat - 35;
    const radians = place.lat / 180 * PI;
    const magic = 1 - EE * Math.sin(radians) * Math.sin(radians);
    const lat = north(x, y) * 180 / (A * (1 - EE) / (magic * Math.sqrt(magic)) * PI);
    const lng = east(x, y) * 180 / (A / Math.sqrt(magic) * Math.cos(radians) * PI);
    return L.latLng(place.lat + lat, place.lng + lng);
  };

  const Shifted = L.TileLayer.extend({
    _getTiledPixelBounds: function (centre) {
      return L.TileLayer.prototype._getTiledPixelBounds.call(this, Q.shifted(centre));
    },
    _setZoomTransform: function (level, centre, zoom) {
      L.TileLayer.prototype._setZoomTransform.call(this, level, Q.shifted(centre), zoom);
    }
  });

  // The level keeps the origin it was made with: it must be that of the shifted centre as well.
  Shifted.include({
    _onMoveEnd: function () {
      if (!this._map || this._map._animatingZoom) return;
      this._update();
      this._setZoomTransforms(this._map.getCenter(), this._map.getZoom());
    },
    getEvents: function () {
      const events = L.TileLayer.prototype.getEvents.call(this);
      return Object.assign(events, { move: () => this._setZoomTransforms(this._map.getCenter(), this._map.getZoom()) });
    }
  });

  Q.addTiles = function (map, tiles) {
    if (!tiles) return;
    const Layer = tiles.datum === 'gcj02' ? Shifted : L.TileLayer;
    tiles.urls.forEach((url) => new Layer(url, {
      maxZoom: map.getMaxZoom(), maxNativeZoom: tiles.levels, tms: url.indexOf('{-y}') >= 0, opacity: 0.8,
      attribution: ''
    }).addTo(map));
    Q.tilesOn = true;
  };
})(window);
