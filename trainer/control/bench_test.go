package control_test

import (
	"bufio"
	"fmt"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/runlog"
)

// work is a step of some milliseconds on one core.
func work() float64 {
	x := 1.0
	for i := range 50_000 {
		x += math.Sqrt(x + float64(i))
	}
	return x
}

// lineOf encodes a tick or an event.
func lineOf(t testing.TB, what interface{ Line() (runlog.Line, error) }) runlog.Line {
	t.Helper()
	line, err := what.Line()
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// lastTick is like a real one.
func lastTick() runlog.Tick {
	scalars := map[string]float64{}
	for i := range 30 {
		scalars[fmt.Sprintf("group%d/scalar%d", i%5, i)] = float64(i) / 7
	}
	return runlog.Tick{Nimg: 25600, Time: time.Unix(1763854000, 0), Scalars: scalars}
}

// reader takes everything from a stream and looks at nothing.
func reader(b *testing.B, path string) {
	conn := deaf(b, path, "status,layers,tick,event")
	go func() {
		r := bufio.NewReader(conn)
		for {
			if _, err := r.Discard(4096); err != nil {
				return
			}
		}
	}()
}

// attach adds 20 clients that read and one that does not.
func attach(b *testing.B, hub *control.Hub, path string) {
	for range 20 {
		reader(b, path)
	}
	deaf(b, path, "tick")
	await(b, "all are there", func() bool { return hub.Clients() == 21 })
}

// BenchmarkStreamClients times a step of fixed work after which a tick and an
// event are published, which a real run does every few seconds. Clients and
// publisher share the machine.
func BenchmarkStreamClients(b *testing.B) {
	for _, attached := range []bool{false, true} {
		name := "clients=0"
		if attached {
			name = "clients=20+1"
		}
		b.Run(name, func(b *testing.B) {
			hub, server, _ := streaming(b, &fakeRunner{}, control.Limits{StatusEvery: time.Second, DeliverEvery: 50 * time.Millisecond})
			if attached {
				attach(b, hub, server.Path())
			}
			tick, sum := lineOf(b, lastTick()), 0.0
			event := lineOf(b, runlog.Event{Nimg: 25600, Kind: "sample", Text: "samples/000025600.png"})
			for b.Loop() {
				sum += work()
				hub.Send(tick)
				hub.Send(event)
			}
			if math.IsNaN(sum) {
				b.Fatal(sum)
			}
		})
	}
}

// BenchmarkPublish times what publishing costs the training loop itself, at a
// pace that leaves the hub time to deliver.
func BenchmarkPublish(b *testing.B) {
	for _, attached := range []bool{false, true} {
		name := "clients=0"
		if attached {
			name = "clients=20+1"
		}
		b.Run(name, func(b *testing.B) {
			hub, server, _ := streaming(b, &fakeRunner{}, control.Limits{StatusEvery: time.Second, DeliverEvery: 50 * time.Millisecond})
			if attached {
				attach(b, hub, server.Path())
			}
			tick := lineOf(b, lastTick())
			var spent []time.Duration
			for b.Loop() {
				start := time.Now()
				hub.Send(tick)
				spent = append(spent, time.Since(start))
				if attached {
					time.Sleep(time.Millisecond)
				}
			}
			slices.Sort(spent) // the mean is that of the other processes
			b.ReportMetric(float64(spent[len(spent)/2].Nanoseconds()), "ns/publish")
		})
	}
}

// TestPublishAllocates measures the loop's side alone: the hub sleeps meanwhile.
func TestPublishAllocates(t *testing.T) {
	hub, server, _ := streaming(t, &fakeRunner{}, control.Limits{StatusEvery: time.Hour, DeliverEvery: time.Hour})
	conn, err := net.Dial("unix", server.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/stream HTTP/1.0\r\n\r\n")
	await(t, "it is there", func() bool { return hub.Clients() == 1 })
	tick, event := lineOf(t, lastTick()), lineOf(t, runlog.Event{Kind: "a", Data: map[string]any{"x": 1}})
	if n := testing.AllocsPerRun(100, func() { hub.Send(tick); hub.Send(event) }); n > 0 {
		t.Errorf("got %v allocations for a tick and an event, want none", n)
	}
}
