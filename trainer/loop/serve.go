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
// loopback address. From here on it also passes on to them what goes to the run log.
func (l *Loop) serve(listen string) (*control.Server, error) {
	hub := control.NewHub(l)
	metrics := prom.New(l, hub, l.cfg.Run.Batch)
	server, err := control.Serve(l.dir, l, control.Options{Hub: hub, Metrics: metrics.Handler(), Listen: listen})
	if err != nil {
		return nil, err
	}
	l.hub = hub
	l.observers = append(l.observers, scraped{metrics})
	if addr := server.Addr(); addr != "" {
		fmt.Fprintf(l.out, "control: answering on http://%s too, token in %s\n", addr, filepath.Join(l.dir, run.TokenFile))
	}
	return server, nil
}

// scraped is an observer that tells Prometheus.
type scraped struct{ *prom.Exporter }

// Event is nothing that a scrape would ask for.
func (scraped) Event(runlog.Event) {}
