package control_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"innate/trainer/control"
	"innate/trainer/run"
)

// TestForward passes requests on to a trainer, and refuses what is none for one.
func TestForward(t *testing.T) {
	t.Parallel()
	dir, runner := shortDir(t), &fakeRunner{state: run.StateRunning}
	h := control.Forward(dir)
	ask := func(method, path, body string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := ask("GET", "/v1/status", ""); w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "no trainer is running") {
		t.Errorf("without a trainer: got %d %s", w.Code, w.Body)
	}
	serve(t, dir, runner)
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/v1/status", "", 200, `"nimg":25600`},
		{"GET", "/v1/layers", "", 200, `"enc.28x28_conv.weight"`},
		{"GET", "/v1/status?what=1", "", 400, "query"},
		{"POST", "/v1/status", "", 405, "want GET"},
		{"POST", "/v1/set", `{"set":{"live.gen_lr":"2e-4"}}`, 200, `"nimg":25600`},
		{"POST", "/v1/freeze", `{}`, 400, "empty request"},
		{"GET", "/v2/status", "", 404, "no such route"},
		{"GET", "/v1/../status", "", 404, "no such route"},
	} {
		if w := ask(c.method, c.path, c.body); w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: got %d %s, want %d and %q", c.method, c.path, w.Code, w.Body, c.code, c.want)
		}
	}
	runner.hold = make(chan struct{}) // a step without an end
	if w := ask("POST", "/v1/pause", "", "Innate-Patience", "20"); w.Code != http.StatusGatewayTimeout || !strings.Contains(w.Body.String(), "not applied") {
		t.Errorf("out of patience: got %d %s", w.Code, w.Body)
	}
	if w := ask("POST", "/v1/pause", "", "Innate-Patience", "soon"); w.Code != http.StatusBadRequest {
		t.Errorf("a patience that is none: got %d %s", w.Code, w.Body)
	}
}
