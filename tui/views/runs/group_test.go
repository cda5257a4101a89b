package runs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/tui/tuitest"
)

// sweepOf makes a sweep of three points, of three seeds each, of which the last
// has one run, and an ordinary run.
func sweepOf(tb testing.TB) {
	tb.Helper()
	p := &sweep.Plan{Name: "rates", Base: tuitest.TOML, Keys: []string{"freeze.preset", "live.gen_lr"}, Seeds: []uint64{1, 2, 3}}
	for i, set := range []sweep.Settings{
		{{Key: "freeze.preset", Value: `"gdd-i"`}, {Key: "live.gen_lr", Value: "0.0005"}},
		{{Key: "freeze.preset", Value: `"gdd-i"`}, {Key: "live.gen_lr", Value: "0.0001"}},
		{{Key: "freeze.preset", Value: `"none"`}, {Key: "live.gen_lr", Value: "0.0005"}},
	} {
		point := sweep.Point{Name: []string{"fast", "slow", "free"}[i], Set: set}
		p.Points = append(p.Points, point)
		for k, seed := range p.Seeds {
			if i == 2 && k > 0 {
				continue
			}
			c := tuitest.Default()
			c.Ticks, c.TickK, c.State, c.Seed = 64+8*k, 1, run.StateDone, 8*i+2*k*k
			if i == 1 && k == 2 { // there is something left for a queue
				c.State = run.StateStopped
			}
			f := tuitest.NewFake(tb, "runs", p.RunName(point, seed), c)
			best := 70 + 10*float64(i) + float64(k)
			f.Heartbeat.BestFID, f.Heartbeat.LastFID = &best, new(best+1)
			tuitest.Must(tb, run.WriteStatus(f.Dir, f.Heartbeat))
			tuitest.Must(tb, run.EditAbout(f.Dir, func(a *run.About) { a.Group, a.Point = p.Name, point.Name }))
		}
	}
	p.Points[2].Dropped = "FID 90.0 at 10 kimg is not among the best 2"
	tuitest.Must(tb, os.MkdirAll(sweep.Dir("runs", p.Name), 0o755))
	tuitest.Must(tb, p.Write(sweep.Dir("runs", p.Name)))
	done := tuitest.Default()
	done.State = run.StateDone
	tuitest.NewFake(tb, "runs", "00004-mnist-gdd-i", done)
}

func TestGroupGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		keys string
	}{
		{"list", "g"},
		{"table", "g enter down"},
		{"by", "g enter b down enter"},
		{"overlay", "g enter v o"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tuitest.OpenList(t, 80, 24, tuitest.ListOptions(), sweepOf)
			s.Press(strings.Fields(c.keys)...)
			s.Load()
			s.GoldenSizes("group-" + c.name)
		})
	}
}

// TestGroupNarrow wants the mean and the point on every terminal, and whole columns.
func TestGroupNarrow(t *testing.T) {
	s := tuitest.OpenList(t, 60, 20, tuitest.ListOptions(), sweepOf)
	s.Wants("rates  ×3", "71.00 ±1", "dead")
	s.Lacks("age", "…│")
	s.Send(tuitest.SizeOf(40, 12))
	s.Wants("rates  ×3", "71.00 ±1")
	s.Lacks("state", "…│")
	s.Press("g", "enter")
	s.Wants("fast", "71.00 ±1", "best")
	s.Lacks("state", "…│")
	s.Send(tuitest.SizeOf(60, 20))
	s.Wants("fast", "71.00 ±1", "3 / 3", "done")
	s.Lacks("…│")
}

// TestGroup opens a sweep, sorts, filters and compares its points, and opens one of
// their runs.
func TestGroup(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), sweepOf)
	s.Wants("rates", "6 / 7 runs", "71.00 ±1", "00004-mnist-gdd-i")
	s.Lacks("rates-fast")
	s.Press("/")
	s.Type("rates fid<80")
	s.Press("enter")
	s.Wants("1 of 2")
	s.Press("esc", "g")
	for _, key := range []string{"f", "d"} {
		s.Press(key)
		s.Wants("rates is a sweep, want one of its runs")
	}
	s.Press("t")
	s.Type("mine")
	s.Press("enter")
	if about, err := run.ReadAbout(filepath.Join("runs", "rates-slow-seed2")); err != nil || !about.Tagged([]string{"mine"}) {
		t.Errorf("a run of the sweep has %+v, %v", about, err)
	}

	s.Press("enter")
	s.Wants("sweep rates", "preset", "gen_lr", "fast", "slow", "free", "dropped", "it is the best so far")
	s.Press("down")
	s.Wants("+10 [", "stands out from the seeds")
	s.Press("down")
	s.Wants("no claim, 1 and 3 seeds", "is not among the best 2")
	s.Press("/")
	s.Type("gen_lr=0.0005 !none")
	s.Press("enter")
	s.Wants("1 of 3")
	s.Press("esc", "b", "down", "enter")
	s.Wants("rates by freeze.preset", "5 / 6")
	s.Press("esc", "g", "enter")
	s.Wants("Open a run", "rates-fast-seed3", "best 72.00")
	s.Press("down", "enter")
	s.Load()
	s.Wants("rates-fast-seed2")
	s.Press("esc")
	s.Wants("sweep rates")

	// The curves of points, from which esc leads back here and then to the list.
	s.Press("space", "space", "space", "o")
	s.Load()
	s.Wants("overlay of runs", "against the first: +10 [", "rates-free-seed1")
	s.Press("esc")
	s.Wants("sweep rates")
	s.Press("esc", "esc")
	s.Wants("innate  runs")
	s.Press("o")
	s.Load()
	s.Wants("overlay of runs", "fast")

	// Its runs are deleted meanwhile.
	s.Press("esc", "enter")
	tuitest.Must(t, os.RemoveAll("runs"))
	s.Load()
	s.Wants("its runs are gone")
	s.Press("enter", "o", "P", "r", "esc")
}

// TestGroupQueue pauses and resumes a queue, which may refuse.
func TestGroupQueue(t *testing.T) {
	var orders []string
	opts := tuitest.ListOptions()
	opts.Queue = func(_ context.Context, dir, order string) error {
		orders = append(orders, filepath.Base(dir)+" "+order)
		if len(orders) > 2 {
			return errors.New("sweep: rates: a queue of another machine has it")
		}
		return nil
	}
	s := tuitest.OpenList(t, 120, 40, opts, sweepOf)
	s.Press("g", "P") // dead: resumed
	s.Wants("resumed rates")
	s.Press("enter", "r")
	s.Wants("resumed rates")
	s.Press("P")
	s.Wants("a queue of another machine has it")
	if got := fmt.Sprint(orders); got != "[rates.sweep resume rates.sweep resume rates.sweep resume]" {
		t.Errorf("got %s", got)
	}
	opts.Queue = nil
	s = tuitest.New(t, 120, 40, opts)
	s.Load()
	s.Press("g", "r")
	s.Wants("use `innate sweep resume rates`")
	s.Press("s")
	s.Wants("Pause rates?")
	s.Press("n")

	// Without its directory a sweep is its runs alone.
	tuitest.Must(t, os.RemoveAll(sweep.Dir("runs", "rates")))
	opts.Queue = func(context.Context, string, string) error { return nil }
	s = tuitest.New(t, 120, 40, opts)
	s.Load()
	s.Wants("rates", "loose")
	s.Press("g", "P")
	s.Wants("has no queue")
	s.Press("enter")
	s.Wants("fast", "slow")
	s.Press("b")
	s.Wants("differ in their seeds alone")
}

// TestGroupRecords shows a sweep some of whose runs were trained elsewhere, of which there
// are records alone.
func TestGroupRecords(t *testing.T) {
	value := func(fid float64) sweep.Record {
		return sweep.Record{
			Type: "run", Done: true, Kimg: 64, Judges: []sweep.Measured{{Key: "fid", Name: "FID(mnist-cnn)"}},
			Evaluations: sweep.Evaluations{{Kimg: 32, Values: map[string]float64{"fid": fid + 9}}, {Kimg: 64, Values: map[string]float64{"fid": fid}}},
		}
	}
	away, there := value(60), value(1)
	away.Point, away.Seed = "free", 2
	there.Point, there.Seed = "fast", 1 // which its run says itself
	records := func(tb testing.TB) {
		sweepOf(tb)
		tuitest.Must(tb, sweep.Records{away, there}.Keep(sweep.Dir("runs", "rates")))
	}
	s := tuitest.OpenList(t, 160, 40, tuitest.ListOptions(), records)
	s.Wants("7 / 8 runs", "71.00 ±1")
	s.Press("g", "enter", "g", "down")
	s.Wants("2 / 3", "75.00 ±21")
	s.Press("enter")
	s.Wants("rates-free-seed2", "elsewhere")
	s.Press("down", "enter")
	s.Wants("open: rates-free-seed2 was trained elsewhere")
	s.Press("o")
	s.Load()
	s.Wants("75.00 ±21  2 seeds")
	s.Press("esc")

	tuitest.Must(t, os.WriteFile(filepath.Join(sweep.Dir("runs", "rates"), sweep.RecordsFile), []byte("{"), 0o644))
	s.Load()
	s.Wants("records.jsonl:1: got no record of a run")
}

// lettersOf makes a sweep of six points, of whose two seeds there are records alone: all
// begin at 1600, and the best is a.
func lettersOf(tb testing.TB) {
	tb.Helper()
	p := &sweep.Plan{Name: "letters", Base: tuitest.TOML, Keys: []string{"live.gen_lr"}, Seeds: []uint64{1, 2}}
	var list sweep.Records
	for i := range 6 {
		name := string(rune('a' + i))
		p.Points = append(p.Points, sweep.Point{Name: name, Set: sweep.Settings{{Key: "live.gen_lr", Value: fmt.Sprintf("%d.5e-4", i)}}})
		for _, seed := range p.Seeds {
			r := sweep.Record{Type: "run", Point: name, Seed: seed, Done: true, Kimg: 40, Judges: []sweep.Measured{{Key: "fid", Name: "FID(mnist-cnn)"}}}
			for k, fid := range []float64{1600, 100 + float64(i), 10*float64(i+1) + float64(seed)} {
				r.Evaluations = append(r.Evaluations, sweep.Evaluation{Kimg: 20 * float64(k), Values: map[string]float64{"fid": fid}})
			}
			list = append(list, r)
		}
	}
	tuitest.Must(tb, os.MkdirAll(sweep.Dir("runs", p.Name), 0o755))
	tuitest.Must(tb, p.Write(sweep.Dir("runs", p.Name)))
	tuitest.Must(tb, list.Keep(sweep.Dir("runs", p.Name)))
}

// TestGroupCurves shows the curves of the best points, with that under the cursor, or of
// the marked ones, below the table.
func TestGroupCurves(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), lettersOf)
	s.Press("enter", "g")
	s.Wants("━ a 11.50  ━ b 21.50  ━ c 31.50  ━ d 41.50", "─ FID(mnist-cnn) ─", "100┤", "›  ━ a ", "│     e  ")
	s.Lacks("━ e", "1000┤", "500┤") // where all of them begin is no part of it
	s.Press("G")
	s.Wants("━ a 11.50  ━ b 21.50  ━ c 31.50  ━ f 61.50")
	s.Press("g", "down")
	s.Wants("━ c 31.50  ━ d 41.50")
	s.Press("G", "space", "g", "down", "space")
	s.Wants("━ f 61.50", "━ b 21.50")
	s.Lacks("━ a", "━ c")
	s.Press("esc", "/")
	s.Type("!a")
	s.Press("enter")
	s.Wants("━ b 21.50", "━ e 51.50")
	s.Lacks("━ a")
	s.Press("esc", "/")
	s.Type("x")
	s.Press("enter")
	s.Wants("no point matches", "no evaluation yet")
	s.Press("esc")
	s.Send(tuitest.SizeOf(80, 24))
	s.Wants("11.50 ±0.71")
	s.Lacks("━ a", "100┤")

	// Its directory is removed while it shows.
	s.Send(tuitest.SizeOf(120, 40))
	tuitest.Must(t, os.RemoveAll("runs"))
	s.Load()
	s.Wants("its runs are gone", "no evaluation yet")
}
