// Starts the page: ties panels and layers to the view, places labels, prepares printing.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const L = root.L;
  const el = Q.el;
  let labels = [];
  let control = null;
  let ring = null;

  Q.start = function (map, layers, layerControl) {
    // Readers who asked their system for less motion get none.
    if (root.matchMedia && root.matchMedia('(prefers-reduced-motion: reduce)').matches) {
      map._fadeAnimated = map._zoomAnimated = false;
    }
    const data = JSON.parse(Q.byId('qh-data').textContent);
    Object.assign(Q, { map: map, layers: layers, data: data });
    control = layerControl;
    Q.mostResidents = largest(data.points.residents || []);
    Q.recall();
    Q.addTiles(map, data.tiles);
    Q.addCasings();
    bindPopups();
    L.control.scale({ imperial: false, maxWidth: 140, position: 'bottomleft' }).addTo(map);
    addLabels();
    Q.onChange(draw);
    Q.drawTools();
    Q.drawLegend();
    // The map was measured before the panels took their place.
    refit();
    Q.measureDots();
    draw({ type: 1, when: 1, level: 1, language: 1 });
    map.on('zoomend', () => { Q.redraw(['streets', 'points', 'outlets', 'sites']); Q.drawLegend(); placeLabels(); });
    map.on('resize', placeLabels);
    map.on('overlayadd', Q.order);
    map.on('overlayadd overlayremove', () => Q.redraw(['sites']));
    root.addEventListener('beforeprint', () => printing(true));
    root.addEventListener('afterprint', () => printing(false));
    Q.ready = true;
  };

  // The 95th percentile, so that one huge compound does not make all other dots tiny.
  function largest(residents) {
    const sorted = residents.filter((number) => number > 0).sort((a, b) => a - b);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] : 0;
  }

  function draw(changes) {
    Q.map.closePopup();
    if (ring) { ring.remove(); ring = null; }
    document.documentElement.lang = Q.view.language === 'zh' ? 'zh-CN' : 'en';
    document.title = Q.data.title[Q.view.language] || 'quarterhour';
    if (changes.language) {
      Q.drawHead();
      nameLayers();
    }
    if (Q.onlyTime(changes)) {
      Q.tellTime();
      Q.drawCaption();
    } else Q.drawTools();
    Q.drawLegend();
    Q.drawTypes();
    Q.drawMore();
    if (changes.level || changes.language) addLabels();
    Q.redraw(['streets', 'areas', 'points', 'outlets', 'sites']);
    Q.order();
    placeLabels();
  }

  function nameLayers() {
    const theme = {};
    Object.keys(Q.layers).forEach((name) => { theme[L.stamp(Q.layers[name])] = name; });
    control._layers.forEach((entry) => {
      const name = theme[L.stamp(entry.layer)];
      if (name) entry.name = Q.word('layer.' + name);
    });
    control._update();
  }

  function bindPopups() {
    const look = {
      maxWidth: 360, minWidth: 230, maxHeight: Math.max(180, Math.min(460, Q.map.getSize().y - 150)),
      autoPanPaddingTopLeft: [16, 66], autoPanPaddingBottomRight: [16, 16]
    };
    const bind = (theme, make) => Q.layers[theme] &&
      Q.layers[theme].bindPopup((layer) => make(layer.feature.id), look);
    const places = {};
    Q.data.places.forEach((place) => { places[place.row] = place; });
    bind('points', Q.popupPoint);
    bind('areas', Q.popupArea);
    bind('outlets', Q.popupOutlet);
    bind('sites', (row) => Q.popupPlace(places[row]));
    if (!L.Browser.mobile && Q.layers.areas) {
      Q.layers.areas.bindTooltip((layer) => Q.tipArea(layer.feature.id), { sticky: true, direction: 'top', offset: [0, -6] });
    }
  }

  function addLabels() {
    labels.forEach((label) => label.marker.remove());
    const areas = Q.data.areas;
    const level = Q.view.level;
    const whole = (row) => (Q.counts('today', areas.level[row], areas.id[row], 'circle') || { residents: 0 }).residents;
    const named = areas.id.map((id, row) => row).filter((row) => areas.level[row] === level && areas.at[row]);
    labels = named.sort((a, b) => whole(b) - whole(a))
      .map((row) => label(Q.areaName(row), areas.at[row], 'qh-name-area'))
      .concat(Q.data.labels.map((each) => label(each[Q.view.language], each.at, 'qh-name-' +
        (['water', 'river'].indexOf(each.kind) >= 0 ? 'water' : each.kind === 'railway' ? 'rail' : 'land'))));
  }

  function label(text, at, className) {
    const icon = L.divIcon({ className: 'qh-name ' + className, iconSize: [0, 0], html: el('span', {}, Q.user(text)) });
    return { marker: L.marker(at, { icon: icon, interactive: false, keyboard: false, zIndexOffset: -100000 }).addTo(Q.map) };
  }

  // Names in order of residents; one that would cover another is left out at this zoom.
  function placeLabels() {
    const taken = siteBoxes();
    labels.forEach((each) => {
      const text = each.marker.getElement() && each.marker.getElement().firstChild;
      if (!text) return;
      text.style.display = '';
      const box = text.getBoundingClientRect();
      const free = taken.every((other) => box.right < other.left || box.left > other.right ||
        box.bottom < other.top || box.top > other.bottom);
      if (free) taken.push(box);
      else text.style.display = 'none';
    });
  }

  function siteBoxes() {
    return Array.prototype.map.call(Q.map.getContainer().querySelectorAll('.leaflet-marker-pane .qh-site'),
      (node) => node.getBoundingClientRect()).filter((box) => box.width > 0);
  }

  function refit() {
    // Limits of an earlier fit must not pull this one aside.
    Q.map.setMaxBounds(null);
    Q.map.setMinZoom(0);
    Q.map.invalidateSize({ animate: false });
    const view = Q.data.view;
    const bounds = L.latLngBounds([view[1], view[0]], [view[3], view[2]]);
    // Beside the legend where there is room, else across the whole map.
    const legend = Q.byId('qh-legend').getBoundingClientRect();
    const box = Q.map.getContainer().getBoundingClientRect();
    const over = legend.width > 0 && legend.left > box.left + 20 && legend.top < box.bottom - 20;
    const paper = document.documentElement.classList.contains('qh-printing');
    const aside = over && !paper && box.width > 900 ? legend.width + 14 : 12;
    const tools = paper ? 0 : Q.byId('qh-tools').offsetHeight;
    Q.map.fitBounds(bounds, { animate: false, paddingTopLeft: [12, tools + 18], paddingBottomRight: [aside, 12] });
    // Half a view beyond the opening view on each side, so that nobody gets lost.
    Q.map.setMaxBounds(Q.map.getBounds().pad(0.5));
    Q.map.setMinZoom(Math.max(0, Q.map.getBoundsZoom(bounds) - 1.5));
  }

  Q.goToArea = function (row) {
    const layer = Q.byRow.areas[row];
    if (!layer) return;
    Q.map.fitBounds(layer.getBounds(), { maxZoom: 16, padding: [40, 40] });
    open(layer, Q.data.areas.at[row] ? L.latLng(Q.data.areas.at[row]) : layer.getBounds().getCenter());
    showMap();
  };

  // To a gap of the list: its type is chosen, so that its homes stand out.
  Q.goToGap = function (gap) {
    if (Q.view.type !== gap.type) Q.set({ type: gap.type });
    Q.map.setView(gap.at, Math.max(Q.map.getZoom(), 15));
    if (ring) ring.remove();
    ring = L.circleMarker(gap.at, { radius: 22, color: '#101820', weight: 3, fill: false, interactive: false }).addTo(Q.map);
    showMap();
  };

  Q.goToPlace = function (place) {
    const marker = Q.byRow.sites[place.row];
    if (!marker) return;
    Q.map.setView(marker.getLatLng(), Math.max(Q.map.getZoom(), 15.5));
    open(marker, marker.getLatLng());
    showMap();
  };

  // Popups are bound to whole layers, which hear the click of their member.
  function open(layer, at) {
    layer.fire('click', { latlng: at }, true);
  }

  // On a phone the list stands below the map.
  function showMap() {
    const box = Q.map.getContainer().getBoundingClientRect();
    if (box.bottom < 100 || box.top < 0) Q.map.getContainer().scrollIntoView();
  }

  let before = null;
  // Paper has another shape than the window: fit the map to it, and draw before it is taken.
  function printing(on) {
    if (on) before = { centre: Q.map.getCenter(), zoom: Q.map.getZoom() };
    document.documentElement.classList.toggle('qh-printing', on);
    Q.map.closePopup();
    Q.paper = on;
    Q.drawMore();
    const details = document.querySelectorAll('details');
    Array.prototype.forEach.call(details, (each) => { if (on) each.open = true; });
    refit();
    if (!on) Q.map.setView(before.centre, before.zoom, { animate: false });
    placeLabels();
    const canvas = Q.map.options.renderer;
    if (canvas && canvas._map && canvas._redraw) canvas._redraw();
  }
})(window);
