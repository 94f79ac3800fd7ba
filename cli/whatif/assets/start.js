// Load the study once, then the scenario named in the address.
(function (root) {
  'use strict';
  const app = root.whatif;
  app.get('/api/study').then((study) => {
    app.board.open(study);
    app.panel.open(study);
    app.listeners.push(app.board.show, app.panel.show);
    const name = decodeURIComponent(root.location.hash.slice(1)) || app.tr('first_scenario');
    return app.look(name).catch((error) => {
      app.say(error.message, true);
      return app.look(app.tr('first_scenario'));
    });
  }).then(() => { document.body.dataset.ready = 'yes'; }).catch((error) => app.say(error.message, true));
})(window);
