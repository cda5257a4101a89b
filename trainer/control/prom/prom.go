// Package prom tells Prometheus how a run is doing: the collector behind GET
// /metrics of package control. It is a package of its own so that what only
// watches runs, the screen for one, does not link the client library.
//
// A scrape reads the immutable status snapshot and the last tick. Nothing is
// kept up to date between scrapes but one count, and the training loop never
// waits for a scrape.
package prom

import (
	"cmp"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"innate/models/nvml"
	"innate/trainer/control"
	"innate/trainer/runlog"
)

// Exporter is a prometheus.Collector over one run.
type Exporter struct {
	runner  control.Runner
	hub     *control.Hub // whose clients are counted
	version string       // of the program
	batch   float64
	last    atomic.Pointer[snapshot]
}

// snapshot is what ticks have said so far; it never changes.
type snapshot struct {
	tick      runlog.Tick // the last of training
	nonFinite float64     // gradients, in total
	nimg      int64       // of the last tick that counted them
}

// New returns an exporter of run r, which trains on batch images a step.
func New(r control.Runner, hub *control.Hub, batch int) *Exporter {
	e := &Exporter{runner: r, hub: hub, version: "unknown", batch: float64(batch)}
	if info, ok := debug.ReadBuildInfo(); ok {
		e.version = cmp.Or(info.Main.Version, e.version)
	}
	e.last.Store(&snapshot{nimg: r.Status().Nimg})
	return e
}

// Tick takes note of a tick; one goroutine at a time. The scalars must not
// change any more.
func (e *Exporter) Tick(t runlog.Tick) {
	s := *e.last.Load()
	if mean, ok := t.Scalars["grad/nonfinite"]; ok {
		// The tick has the mean a step. A run that went back to a checkpoint
		// counts on from there.
		if steps := float64(t.Nimg-s.nimg) / e.batch; steps > 0 && mean > 0 {
			s.nonFinite += mean * steps
		}
		s.nimg = t.Nimg
	}
	if t.Type == runlog.TypeTick {
		s.tick = t // others hold a FID or a test alone
	}
	e.last.Store(&s)
}

// Handler answers a scrape.
func (e *Exporter) Handler() http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// desc describes one metric; all names begin with innate_.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("innate_"+name, help, labels, nil)
}

var (
	runInfo       = desc("run_info", "What runs: always 1, the facts are labels.", "run", "method", "state", "kernels", "version")
	startTime     = desc("start_time_seconds", "When this trainer started, in seconds since 1970.")
	imagesSeen    = desc("images_total", "Training images seen.")
	imagesTarget  = desc("images_target", "Training images after which the run is done.")
	imagesPerSec  = desc("images_per_second", "Training speed over the last steps, evaluation not counted.")
	eta           = desc("eta_seconds", "Seconds until the run is done at the pace of the last tick.")
	parameters    = desc("parameters", "Values in the trained network.")
	frozenRatio   = desc("frozen_ratio", "Share of the parameters that does not train, 0 to 1.")
	threads       = desc("threads", "Threads that compute.")
	fid           = desc("fid", "Fréchet distance of generated images: the last and the best measured, and the teacher's.", "name", "of")
	quality       = desc("quality", "Another statistic of generated images than FID: the last and the best measured, and the teacher's.", "name", "of")
	fidImages     = desc("fid_images", "Training images seen when the last FID, or what else there is, was measured.")
	checkpointed  = desc("checkpoint_images", "Training images in the newest checkpoint.")
	gpuUse        = desc("gpu_use_ratio", "Share of the time that the GPU that trains had something to run, 0 to 1.", "gpu")
	gpuMemory     = desc("gpu_memory_bytes", "Memory of the GPU that trains: used, by all processes, and total.", "gpu", "of")
	gpuCelsius    = desc("gpu_temperature_celsius", "Temperature of the GPU that trains.", "gpu")
	gpuWatts      = desc("gpu_power_watts", "Power that the GPU that trains draws.", "gpu")
	gpuClock      = desc("gpu_clock_hertz", "Clock of the processors of the GPU that trains.", "gpu")
	stage         = desc("stage_seconds", "Time of one part of a step, averaged over the last tick.", "stage")
	tickTime      = desc("tick_time_seconds", "When the last tick was, in seconds since 1970.")
	loss          = desc("loss", "Mean of a loss over the last tick.", "name")
	scalar        = desc("scalar", "Mean over the last tick of any other number in metrics.jsonl.", "name")
	nonFinite     = desc("nonfinite_gradients_total", "Gradient values that were NaN or infinite, since this trainer started.")
	configError   = desc("config_error", "1 while the last edit of config.toml is refused, else 0.")
	streamClients = desc("stream_clients", "Open event streams.")
	streamDropped = desc("stream_dropped_messages_total", "Messages that slow stream clients have missed, since this trainer started.")
)

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		runInfo, startTime, imagesSeen, imagesTarget, imagesPerSec, eta, parameters, frozenRatio, threads,
		fid, quality, fidImages, checkpointed, gpuUse, gpuMemory, gpuCelsius, gpuWatts, gpuClock, stage, tickTime, loss, scalar, nonFinite, configError, streamClients, streamDropped,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v)
	}
	st, last := e.runner.Status(), e.last.Load()
	gauge(runInfo, 1, st.Run, st.Method, st.State, st.Kernels, e.version)
	gauge(startTime, float64(st.Started.UnixMilli())/1e3)
	counter(imagesSeen, float64(st.Nimg))
	gauge(imagesTarget, float64(st.TotalNimg))
	gauge(imagesPerSec, st.ImagesPerSec)
	gauge(eta, st.EtaSec)
	gauge(parameters, float64(st.Params))
	gauge(frozenRatio, st.FrozenFraction)
	gauge(threads, float64(st.Threads))
	judged := fid
	if st.Quality() != "fid" {
		judged = quality
	}
	for _, f := range []struct {
		value *float64
		of    string
	}{{st.LastFID, "last"}, {st.BestFID, "best"}, {st.TeacherFID, "teacher"}} {
		if f.value != nil {
			gauge(judged, *f.value, st.FIDName, f.of)
		}
	}
	if st.LastFID != nil {
		gauge(fidImages, float64(st.FIDNimg))
	}
	gauge(checkpointed, float64(st.CheckpointNimg))
	if g := st.GPU; g != nil {
		known := func(d *prometheus.Desc, v nvml.Number, labels ...string) {
			if v.Known() {
				gauge(d, float64(v), append([]string{strconv.Itoa(g.Index)}, labels...)...)
			}
		}
		known(gpuUse, g.Use)
		known(gpuMemory, g.MemUsed, "used")
		known(gpuMemory, g.MemTotal, "total")
		known(gpuCelsius, g.Celsius)
		known(gpuWatts, g.Watts)
		known(gpuClock, 1e6*g.MHz)
	}
	for name, ms := range st.StageMs {
		gauge(stage, ms/1e3, name)
	}
	if !last.tick.Time.IsZero() {
		gauge(tickTime, float64(last.tick.Time.UnixMilli())/1e3)
	}
	for name, v := range last.tick.Scalars {
		switch group, rest, _ := strings.Cut(name, "/"); group {
		case "loss":
			gauge(loss, v, rest)
		case "time", "speed", "freeze", st.Quality(): // shown above, from the status
		default:
			gauge(scalar, v, name)
		}
	}
	counter(nonFinite, last.nonFinite)
	refused := 0.0
	if st.ConfigError != "" {
		refused = 1
	}
	gauge(configError, refused)
	gauge(streamClients, float64(e.hub.Clients()))
	counter(streamDropped, float64(e.hub.Dropped()))
}
