// Questions to the server, one change at a time.
(function (root) {
  'use strict';
  const app = root.whatif;
  app.state = null;
  app.listeners = [];
  let queue = Promise.resolve();

  async function answer(response) {
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body;
    const error = new Error(body.message || app.tr('no_answer'));
    error.refused = body.refused;
    throw error;
  }

  app.get = (path) => root.fetch(path).then(answer);
  app.post = (path, body) => root.fetch(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body)
  }).then(answer);

  app.take = function (state) {
    app.state = state;
    app.listeners.forEach((listener) => listener(state));
    document.body.dataset.revision = state.revision;
    document.body.dataset.scenario = state.scenario;
  };

  app.look = (name) => app.get('/api/state?scenario=' + encodeURIComponent(name)).then((state) => {
    root.history.replaceState(null, '', '#' + encodeURIComponent(state.scenario));
    app.take(state);
  });

  // Changes wait for each other, so that each names the revision the one before it made.
  app.change = function (path, more) {
    queue = queue.then(async () => {
      const began = root.performance.now();
      const known = { scenario: app.state.scenario, revision: app.state.revision };
      try {
        const state = await app.post(path, Object.assign(known, more || {}));
        app.take(state);
        app.took = root.performance.now() - began;
        app.say(app.tr('took', { ms: Math.round(app.took) }));
      } catch (error) {
        app.say(error.message, true);
        // Somebody else was faster, or what is drawn is not what holds: show what holds.
        await app.look(known.scenario).catch(() => {});
      }
    });
    return queue;
  };

  app.edit = (edit) => app.change('/api/edit', { edit });
  app.id = (kind) => kind + '-' + Date.now().toString(36) + Math.random().toString(36).slice(2, 6);
})(window);
