// Measuring: distance along the corners clicked, and the area they enclose, as the crow flies.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const L = root.L;
  const EARTH = 6371008.8; // mean radius, metres
  let tool = null;

  Q.measuring = () => tool !== null;

  Q.measure = function (on) {
    if (tool) {
      tool.layer.remove();
      tool.box.remove();
      tool = null;
    }
    if (on) {
      const box = Q.el('div', { class: 'qh-measure', role: 'status' });
      Q.byId('qh-sides').appendChild(box);
      tool = { layer: L.layerGroup(), corners: [], box: box };
      tell();
    }
    Q.maps.forEach((map) => map.getContainer().classList.toggle('qh-aiming', Boolean(on)));
  };

  Q.measureAt = function (map, at) {
    if (!map.hasLayer(tool.layer)) { tool.corners = []; tool.layer.clearLayers(); tool.layer.remove(); tool.layer.addTo(map); }
    tool.corners.push(at);
    tool.layer.clearLayers();
    const look = { color: '#b3006b', weight: 2.5, dashArray: '6 5', interactive: false, fill: false };
    tool.layer.addLayer(L.polyline(tool.corners, look));
    tool.corners.forEach((corner) => tool.layer.addLayer(L.circleMarker(corner, { radius: 3.5, color: '#b3006b', weight: 2, fillColor: '#fff', fillOpacity: 1, interactive: false })));
    tell();
  };

  Q.measured = function () {
    const corners = tool.corners;
    let metres = 0;
    for (let i = 1; i < corners.length; i++) metres += corners[i - 1].distanceTo(corners[i]);
    return { metres: metres, squares: corners.length > 2 ? area(corners) : 0 };
  };

  // Sphere's area of a polygon of small extent: the trapezia under its sides (equal-area cylinder).
  function area(corners) {
    let sum = 0;
    corners.forEach((a, i) => {
      const b = corners[(i + 1) % corners.length];
      sum += (b.lng - a.lng) * Math.PI / 180 * (Math.sin(a.lat * Math.PI / 180) + Math.sin(b.lat * Math.PI / 180));
    });
    return Math.abs(sum) * EARTH * EARTH / 2;
  }

  function tell() {
    const found = Q.measured();
    const parts = tool.corners.length < 2 ? [Q.word('measure.how')] : [
      Q.el('b', {}, Q.word('metres', { number: Q.count(Math.round(found.metres)) })), ' ', Q.word('measure.straight'),
      found.squares > 0 && [' · ', Q.el('b', {}, Q.word('measure.hectares', { number: Q.count(Math.round(found.squares / 1000) / 10) }))]];
    Q.fill(tool.box, parts, ' ', Q.el('button', { type: 'button', onclick: () => { Q.measure(false); Q.drawBar(); } }, Q.word('measure.end')));
  }

  root.addEventListener('keydown', (event) => { if (event.key === 'Escape' && tool) { Q.measure(false); Q.drawBar(); } });
})(window);
