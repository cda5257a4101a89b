package prom_test

import (
	"bytes"
	"context"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"innate/models/nvml"
	"innate/trainer/control"
	"innate/trainer/control/prom"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

type runner struct{ status run.Status }

func (r *runner) Status() run.Status                        { return r.status }
func (r *runner) Layers() []run.Layer                       { return nil }
func (r *runner) Do(context.Context, control.Command) error { return nil }

func scrape(t *testing.T, e *prom.Exporter) string {
	t.Helper()
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("got %d, %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w.Body.String()
}

// TestOtherStatistic: what is not FID is not called so.
func TestOtherStatistic(t *testing.T) {
	last := 0.5
	r := &runner{run.Status{Metric: "mpd", LastFID: &last, FIDName: "MPD(cells)", FIDNimg: 100}}
	text := scrape(t, prom.New(r, control.NewHub(r), 64))
	if want := `innate_quality{name="MPD(cells)",of="last"} 0.5`; !strings.Contains(text, want) || strings.Contains(text, "innate_fid{") {
		t.Errorf("got\n%s\nwant %s, and no innate_fid", text, want)
	}
}

// TestMetrics checks values, and that Prometheus' own linter has no complaint.
func TestMetrics(t *testing.T) {
	last, best := 33.3, 21.5
	r := &runner{run.Status{
		Run: `a "run" of \ many` + "\nlines", Method: "gdd", State: run.StatePaused, Kernels: "avx2",
		Nimg: 25600, TotalNimg: 100000, ImagesPerSec: 160.5, EtaSec: 464, Params: 1000, FrozenFraction: 0.82,
		Started: time.Unix(1763854000, 0), Threads: 2, LastFID: &last, BestFID: &best, FIDName: "FID(mnist-cnn)", FIDNimg: 25000,
		StageMs: map[string]float64{"g": 120.5}, ConfigError: "live.gen_lr: …",
		GPU: &nvml.GPU{Index: 3, Use: 0.87, MemUsed: 43e9, MemTotal: 80e9, Celsius: 63, Watts: nvml.Number(math.NaN()), MHz: 1755},
	}}
	e := prom.New(r, control.NewHub(r), 64)
	e.Tick(runlog.Tick{Nimg: 25600 + 640, Time: time.Unix(1763854010, 5e8), Scalars: map[string]float64{
		"loss/gen": 0.71, "loss/r1": math.NaN(), "grad/nonfinite": 0.5, "time/g_ms": 120.5, "lr/gen": 5e-4}})
	e.Tick(runlog.Tick{Type: runlog.TypeFID, Nimg: 25600, Scalars: map[string]float64{"fid": 33.3}}) // hides nothing
	text := scrape(t, e)
	for _, want := range []string{
		`innate_run_info{kernels="avx2",method="gdd",run="a \"run\" of \\ many\nlines",state="paused",version="`,
		"innate_start_time_seconds 1.763854e+09", "innate_images_total 25600", "innate_images_target 100000",
		"innate_images_per_second 160.5", "innate_eta_seconds 464", "innate_parameters 1000", "innate_frozen_ratio 0.82",
		`innate_fid{name="FID(mnist-cnn)",of="last"} 33.3`, `innate_fid{name="FID(mnist-cnn)",of="best"} 21.5`, "innate_fid_images 25000",
		`innate_stage_seconds{stage="g"} 0.1205`, "innate_tick_time_seconds 1.7638540105e+09", `innate_loss{name="gen"} 0.71`,
		`innate_loss{name="r1"} NaN`, `innate_scalar{name="lr/gen"} 0.0005`, "innate_nonfinite_gradients_total 5", "innate_config_error 1",
		`innate_gpu_use_ratio{gpu="3"} 0.87`, `innate_gpu_memory_bytes{gpu="3",of="used"} 4.3e+10`, `innate_gpu_temperature_celsius{gpu="3"} 63`, `innate_gpu_clock_hertz{gpu="3"} 1.755e+09`,
		"innate_stream_clients 0", "innate_stream_dropped_messages_total 0",
	} {
		if !strings.HasSuffix(want, `="`) {
			want += "\n"
		}
		if !strings.Contains(text, want) {
			t.Errorf("no line %s", want)
		}
	}
	for _, unwanted := range []string{`of="teacher"`, "time/g_ms", "innate_gpu_power", "go_", "process_"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("got %s, want it nowhere", unwanted)
		}
	}
	problems, err := promlint.New(bytes.NewBufferString(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestNonFinite counts over ticks, and past a return to an earlier checkpoint.
func TestNonFinite(t *testing.T) {
	r := &runner{run.Status{Nimg: 1000}}
	e := prom.New(r, control.NewHub(r), 10)
	for _, tick := range []struct {
		nimg int64
		mean float64
	}{{1100, 2}, {1200, 0}, {1100, 7}, {1150, 1}, {1150, math.NaN()}} {
		e.Tick(runlog.Tick{Nimg: tick.nimg, Scalars: map[string]float64{"grad/nonfinite": tick.mean}})
	}
	if text := scrape(t, e); !strings.Contains(text, "innate_nonfinite_gradients_total 25\n") {
		t.Errorf("want 10×2 + 5×1:\n%s", text)
	}
}
