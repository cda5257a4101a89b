package loop_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// endless is a config of a run that trains until it is stopped.
func endless(text string) string {
	return strings.Replace(text, "total_kimg = 0.064", "total_kimg = 1000", 1)
}

// awaitEvent reads a stream up to an event of that kind.
func awaitEvent(t *testing.T, s *control.Stream, kind string) runlog.Event {
	t.Helper()
	for {
		m, err := s.Next()
		check(t, err)
		if m.Event.Kind == kind {
			return m.Event
		}
	}
}

// TestOnDemand asks a paused run for a checkpoint, samples and an evaluation,
// and watches it meanwhile.
func TestOnDemand(t *testing.T) {
	t.Parallel()
	text := strings.Replace(config("gdd", networks(t)), "fid_kimg = 0.032", "fid_kimg = 0", 1)
	dir := newRun(t, endless(text))
	client, stop := background(t, dir)
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := client.Stream(ctx)
	check(t, err)
	defer stream.Close()
	st, err := client.Pause(ctx)
	check(t, err)

	_, err = client.Checkpoint(ctx)
	check(t, err)
	name := fmt.Sprintf("%09d", st.Nimg)
	for awaitEvent(t, stream, "checkpoint").Nimg != st.Nimg {
	}
	if _, err := os.Stat(filepath.Join(dir, "checkpoints", name+".safetensors")); err != nil {
		t.Error(err)
	}

	grid := func(r control.SampleRequest, want string) string {
		t.Helper()
		st, err := client.Sample(ctx, r)
		check(t, err)
		if want = filepath.Join("samples", want); st.SampleFile != want {
			t.Errorf("got %s, want %s", st.SampleFile, want)
		}
		b, err := os.ReadFile(filepath.Join(dir, st.SampleFile))
		check(t, err)
		return string(b)
	}
	seed, fixed := uint64(7), uint64(1<<20)
	usual := grid(control.SampleRequest{}, name+".png")
	other := grid(control.SampleRequest{Seed: &seed}, name+"-seed7.png")
	if usual == other {
		t.Error("another seed gave the same picture")
	}
	if grid(control.SampleRequest{Seed: &fixed}, name+"-seed1048576.png") != usual {
		t.Error("the grid's own seed gave another picture")
	}
	if grid(control.SampleRequest{}, name+".png") != usual {
		t.Error("another seed changed the grid's own noise")
	}

	if s, err := client.Evaluate(ctx); err != nil || s.State != run.StatePaused || s.LastFID == nil || s.FIDNimg != st.Nimg {
		t.Errorf("evaluate: %v, %s with the value of %d images, want paused and that of %d", err, s.State, s.FIDNimg, st.Nimg)
	}
	awaitEvent(t, stream, "fid")
	_, err = client.Resume(ctx)
	check(t, err)
	_, err = client.Stop(ctx)
	check(t, err)
	awaitEvent(t, stream, "stop") // the last word arrives
	for ; err == nil; _, err = stream.Next() {
	}
	if err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
}

// TestOnDemandWithoutImages asks a classifier for what it cannot do.
func TestOnDemandWithoutImages(t *testing.T) {
	t.Parallel()
	client, stop := background(t, newRun(t, endless(config("classifier", ""))))
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := client.Sample(ctx, control.SampleRequest{}); err == nil || err.Error() != "loop: sample: method classifier makes no images" {
		t.Errorf("got %v", err)
	}
	if _, err := client.Evaluate(ctx); err == nil || err.Error() != "loop: evaluate: method classifier makes no images" {
		t.Errorf("got %v", err)
	}
}

// BenchmarkStepStreamed times the steps of a real, tiny run with a tick after
// every one, alone and with 20 clients that read everything and one that reads
// nothing.
func BenchmarkStepStreamed(b *testing.B) {
	for _, clients := range []int{0, 20} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			dir := filepath.Join(b.TempDir(), "r")
			text := "name = \"b\"\nmethod = \"edm\"\n[run]\nbatch = 4\nthreads = 1\n" +
				"[model]\nmodel_channels = 8\nchannel_mult = [1, 1, 1]\nattn_resolutions = []\n" +
				"[live]\ntotal_kimg = 1000000\ntick_kimg = 0.004\nfid_kimg = 0\nsample_kimg = 0\ncheckpoint_kimg = 1000000\n"
			if err := trainer.CreateAt(dir, text, "b"); err != nil {
				b.Fatal(err)
			}
			l, err := loop.Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			server, err := l.Serve()
			if err != nil {
				b.Fatal(err)
			}
			defer server.Close()
			for i := range clients + min(1, clients) {
				conn, err := net.Dial("unix", server.Path())
				if err != nil {
					b.Fatal(err)
				}
				defer conn.Close()
				fmt.Fprintf(conn, "GET /v1/stream HTTP/1.0\r\n\r\n")
				if i < clients {
					go io.Copy(io.Discard, conn)
				}
			}
			for b.Loop() {
				if err := l.Step(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
