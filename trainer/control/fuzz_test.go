package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"innate/trainer/control"
)

// endless is a body of a prefix and then spaces, which counts what is read.
type endless struct {
	prefix    *bytes.Reader
	pad, read int64
}

func (e *endless) Read(b []byte) (int, error) {
	n, _ := e.prefix.Read(b)
	if n == 0 {
		if e.pad <= 0 {
			return 0, io.EOF
		}
		n = int(min(e.pad, int64(len(b))))
		for i := range b[:n] {
			b[i] = ' '
		}
		e.pad -= int64(n)
	}
	e.read += int64(n)
	return n, nil
}

func (e *endless) Close() error { return nil }

// FuzzRequest sends any method, path, query and body to every route. The answer
// is always JSON with a code that fits, and no more of the body is read than
// the limit.
func FuzzRequest(f *testing.F) {
	for _, path := range append(control.RoutePaths(), "/", "/v1/status/", "/v1/../v1/stop", "*", "") {
		for _, method := range []string{"GET", "POST", "PATCH"} {
			f.Add(method, path, "", []byte(`{}`), uint32(0))
		}
	}
	for _, body := range []string{
		`{"set":{"live.gen_lr":"2e-4"}}`, `{"set":{}}`, `{"set":null}`, `{"set":{"a":1}}`, `{"preset":"none","toggle":["a"]}`,
		`{"toggle":[" "]}`, `{"freeze":[],"train":null}`, `{"seed":18446744073709551615}`, `{"nimg":12000}`, `{"seed":-1}`, `{"seed":1e3}`,
		`[[[[[[`, `{"a":`, "\xff\xfe", `{} {}`, `null`, `{"Seed":1,"seed":2}`,
	} {
		for _, path := range []string{"/v1/set", "/v1/freeze", "/v1/sample", "/v1/pause", "/v1/back"} {
			f.Add("POST", path, "", []byte(body), uint32(1<<20))
		}
	}
	f.Add("GET", "/v1/stream", "types=tick,event", []byte{}, uint32(0))
	f.Add("GET", "/v1/stream", "types=%zz;&types", []byte{}, uint32(0))
	metrics := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "1") })
	handler := control.NewHandler(&fakeRunner{}, control.Options{Metrics: metrics})
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte, pad uint32) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if path == "/v1/stream" {
			cancel() // a client that has left: it ends after what is ready
		}
		e := &endless{prefix: bytes.NewReader(body), pad: int64(pad)}
		r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{}, Body: e}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.WithContext(ctx))
		if e.read > control.MaxBodyBytes+1 {
			t.Errorf("%d bytes of the body were read, want at most %d", e.read, control.MaxBodyBytes)
		}
		switch w.Code {
		case 200, 400, 404, 405, 413:
		default:
			t.Errorf("got code %d", w.Code)
		}
		dec := json.NewDecoder(w.Body)
		for {
			var v any
			err := dec.Decode(&v)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("the answer is no JSON: %v", err)
			}
			if o, ok := v.(map[string]any); w.Code != 200 && (!ok || o["error"] == "" || o["error"] == nil) {
				t.Errorf("got code %d with %v", w.Code, v)
			}
		}
	})
}
