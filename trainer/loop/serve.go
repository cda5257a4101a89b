package loop

import (
	"fmt"
	"path/filepath"

	"innate/trainer/control"
	"innate/trainer/control/prom"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// serve answers clients: on the control socket and, if listen names one, on a
// loopback address. It also tells them, from here on, what the run log is told.
func (l *Loop) serve(listen string) (*control.Server, error) {
	hub := control.NewHub(l)
	metrics := prom.New(l, hub, l.cfg.Run.Batch)
	server, err := control.Serve(l.dir, l, control.Options{Hub: hub, Metrics: metrics.Handler(), Listen: listen})
	if err != nil {
		return nil, err
	}
	l.observers = append(l.observers, broadcast{hub, metrics})
	if addr := server.Addr(); addr != "" {
		fmt.Fprintf(l.out, "control: answering on http://%s too, token in %s\n", addr, filepath.Join(l.dir, run.TokenFile))
	}
	return server, nil
}

// broadcast is an observer that tells the clients of the control API, and
// Prometheus.
type broadcast struct {
	hub     *control.Hub
	metrics *prom.Exporter
}

func (b broadcast) Tick(t runlog.Tick) {
	tick := control.Tick{Nimg: t.Nimg, Time: t.Time, Scalars: t.Scalars}
	b.hub.Tick(tick)
	b.metrics.Tick(tick)
}

func (b broadcast) Event(e runlog.Event) {
	b.hub.Event(control.Event{Time: e.Time, Nimg: e.Nimg, Kind: e.Kind, Text: e.Text, Data: e.Data})
}
