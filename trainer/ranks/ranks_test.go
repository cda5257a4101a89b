package ranks_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/trainer/ranks"
	"innate/trainer/run"
)

// TestFromEnv reads what launchers set.
func TestFromEnv(t *testing.T) {
	for _, c := range []struct {
		name, env, want string
	}{
		{"nobody", "", "rank 0 of 1 by "},
		{"one process", "WORLD_SIZE=1 RANK=0 LOCAL_RANK=0", "rank 0 of 1 by "},
		{"torchrun", "WORLD_SIZE=4 RANK=3 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2", "rank 3 of 4 by torchrun"},
		{"mpirun in a job", "SLURM_PROCID=0 SLURM_NTASKS=2 OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=2", "rank 1 of 2 by Open MPI"},
		{"MPICH", "PMI_RANK=2 PMI_SIZE=3", "rank 2 of 3 by MPICH"},
		{"srun", "SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2 SLURM_LOCALID=0", "rank 1 of 2 by Slurm"},
		{"a job's script", "SLURM_PROCID=0 SLURM_NTASKS=8 SLURM_LOCALID=0", "rank 0 of 1 by "},
		{"own", strings.Join(ranks.Env(1, 2, "x"), " "), "rank 1 of 2 by --procs"},
		{"rubbish", "RANK=two WORLD_SIZE=4", `ranks: torchrun: RANK="two", want a whole number`},
		{"beyond", "RANK=4 WORLD_SIZE=4", "ranks: torchrun: rank 4 of 4, want one from 0 on below the number of processes"},
	} {
		env := map[string]string{}
		for _, v := range strings.Fields(c.env) {
			key, value, _ := strings.Cut(v, "=")
			env[key] = value
		}
		p, err := ranks.FromEnv(func(key string) string { return env[key] })
		got := p.String() + " by " + p.Launcher
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestSum adds up lengths on both sides of a chunk; all get the bits of adding rank
// by rank, and what else is said in between stays in order.
func TestSum(t *testing.T) {
	for _, n := range []int{2, 4} {
		for _, length := range []int{0, 1, 1<<16 - 1, 1 << 16, 1<<18 + 3} {
			want := make([]float32, length)
			all := make([][]float32, n)
			for r := range all {
				rng := rand.New(rand.NewPCG(uint64(r), 1))
				all[r] = make([]float32, length)
				for i := range all[r] {
					all[r][i] = rng.Float32() - 0.5
					want[i] += all[r][i]
				}
			}
			each(t, n, func(g *ranks.Group) error {
				r := g.Place().Rank
				for range 3 {
					v := slices.Clone(all[r])
					if err := g.Sum(v); err != nil {
						return err
					}
					if !slices.Equal(v, want) {
						t.Errorf("%d processes, %d values: rank %d has another sum", n, length, r)
					}
					if r == 0 {
						if err := g.Tell([]byte("next")); err != nil {
							return err
						}
						answers, err := g.Answers()
						if err != nil {
							return err
						}
						for i, a := range answers {
							if len(a) != 1 || int(a[0]) != i+1 {
								t.Errorf("answer %d: %v", i, a)
							}
						}
						continue
					}
					if m, err := g.Told(); err != nil || string(m) != "next" {
						t.Errorf("rank %d is told %q, %v", r, m, err)
					}
					if err := g.Answer([]byte{byte(r)}); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
}

// TestSumDoesNotAllocate counts what a sum of two processes allocates in both.
func TestSumDoesNotAllocate(t *testing.T) {
	groups, err := ranks.InProcess(2)
	check(t, err)
	const runs = 20
	ended := make(chan error, 1)
	go func() {
		v := make([]float32, 1<<17)
		for range runs + 2 { // AllocsPerRun warms up once
			if err := groups[1].Sum(v); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	v := make([]float32, 1<<17)
	check(t, groups[0].Sum(v))
	if n := testing.AllocsPerRun(runs, func() { check(t, groups[0].Sum(v)) }); n >= 1 {
		t.Errorf("%v allocations a sum", n)
	}
	check(t, <-ended)
	groups[0].Close()
	groups[1].Close()
}

// TestLost ends one of three processes in a sum, in a wait, and with a reason: the
// others know within a second, and say who it was.
func TestLost(t *testing.T) {
	for _, c := range []struct {
		name string
		dies int
		how  func(g *ranks.Group)
		want string
	}{
		{"a follower", 2, func(g *ranks.Group) { g.Close() }, "rank 2 (pid"},
		{"a follower that says why", 1, func(g *ranks.Group) { g.Fail(errors.New("no more memory")) }, "no more memory"},
		{"the leader", 0, func(g *ranks.Group) { g.Close() }, "rank 0 (pid"},
	} {
		for _, waiting := range []func(g *ranks.Group) error{
			func(g *ranks.Group) error { return g.Sum(make([]float32, 1<<20)) },
			func(g *ranks.Group) error {
				if g.Place().Leads() {
					_, err := g.Answers()
					return err
				}
				_, err := g.Told()
				return err
			},
		} {
			start := time.Now()
			each(t, 3, func(g *ranks.Group) error {
				if g.Place().Rank == c.dies {
					time.Sleep(50 * time.Millisecond)
					c.how(g)
					return nil
				}
				err := waiting(g)
				if err == nil || !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "rank 0 (pid") {
					t.Errorf("%s: %v: got %v, want it to say %q", c.name, g.Place(), err, c.want)
				}
				if again := g.Sum(nil); again == nil || again.Error() != err.Error() {
					t.Errorf("%s: %v: afterwards %v, want the same", c.name, g.Place(), again)
				}
				return nil
			})
			if took := time.Since(start); took > time.Second {
				t.Errorf("%s: known after %v", c.name, took)
			}
		}
	}
}

// TestAsk has a follower ask while it waits.
func TestAsk(t *testing.T) {
	each(t, 2, func(g *ranks.Group) error {
		if !g.Place().Leads() {
			check(t, g.Ask("stop"))
			_, err := g.Told()
			return err
		}
		if a := <-g.Asks(); a.What != "stop" || a.From.Rank != 1 {
			t.Errorf("got %+v, want stop of rank 1", a)
		}
		return g.Tell(nil)
	})
}

// TestUse adds up by an adder that fails, and by one that hangs when another process
// is gone.
func TestUse(t *testing.T) {
	groups, err := ranks.InProcess(2)
	check(t, err)
	check(t, groups[0].Use(func() (ranks.Adder, error) { return hanging{}, nil }))
	go func() {
		time.Sleep(20 * time.Millisecond)
		groups[1].Close()
	}()
	if err := groups[0].Sum(make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "rank 1") {
		t.Errorf("got %v, want that rank 1 is gone", err)
	}
	if got := groups[0].AddsBy(); got != "hanging" {
		t.Errorf("adds by %q", got)
	}
}

type hanging struct{}

func (hanging) Sum([]float32) error { select {} }
func (hanging) Name() string        { return "hanging" }
func (hanging) Close() error        { return nil }

// TestMeet brings three processes together by a directory in which another launch has
// left a notice, and a stranger knocks.
func TestMeet(t *testing.T) {
	dir := t.TempDir()
	stale := `{"launch":"y","addresses":["127.0.0.1:9"],"secret":"z"}`
	check(t, os.WriteFile(filepath.Join(dir, run.RanksFile), []byte(stale), 0o600))
	var all sync.WaitGroup
	groups := make([]*ranks.Group, 3)
	for rank := range 3 {
		all.Go(func() {
			if rank == 0 {
				time.Sleep(100 * time.Millisecond)
			}
			g, err := ranks.Meet(t.Context(), ranks.Place{Rank: rank, Size: 3, LocalSize: 3, Launch: "x"}, dir, "v1", nil)
			if err != nil {
				t.Errorf("rank %d: %v", rank, err)
				return
			}
			groups[rank] = g
			v := []float32{float32(rank)}
			if err := g.Sum(v); err != nil || v[0] != 3 {
				t.Errorf("rank %d: sum %v, %v", rank, v, err)
			}
			if len(g.Members()) != 3 || g.Members()[2].Rank != 2 || g.Members()[2].PID != os.Getpid() {
				t.Errorf("rank %d: members %v", rank, g.Members())
			}
		})
	}
	all.Wait()
	for _, g := range groups {
		if g != nil {
			g.Close() // nobody before all have the sum
		}
	}
	if _, err := os.Stat(filepath.Join(dir, run.RanksFile)); err == nil {
		t.Errorf("%s is left", run.RanksFile)
	}
}

// TestMeetRefuses starts processes that do not belong together.
func TestMeetRefuses(t *testing.T) {
	for _, c := range []struct {
		follower ranks.Place
		build    string
		want     string
	}{
		{ranks.Place{Rank: 1, Size: 3, LocalSize: 2}, "v1", "started as one of 3 processes, want 2"},
		{ranks.Place{Rank: 1, Size: 2, LocalSize: 2}, "v2", "is innate v2, rank 0 is v1: want one version"},
	} {
		dir := t.TempDir()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := ranks.Meet(t.Context(), ranks.Place{Size: 2, LocalSize: 2}, dir, "v1", nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("rank 0: got %v, want %q", err, c.want)
			}
		})
		_, err := ranks.Meet(t.Context(), c.follower, dir, c.build, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("rank 1: got %v, want %q", err, c.want)
		}
		all.Wait()
	}
}

// TestMeetAlone waits for nobody, and says who is missing.
func TestMeetAlone(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the launcher gave up"))
	defer cancel()
	for rank, want := range []string{"ranks: rank 1 of 2 is missing: the launcher gave up", "rank 0 is not to be found"} {
		_, err := ranks.Meet(ctx, ranks.Place{Rank: rank, Size: 2, LocalSize: 2}, t.TempDir(), "v1", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("rank %d: got %v, want %q", rank, err, want)
		}
	}
}

// each runs f in every process of a group of n, and ends them all afterwards.
func each(t *testing.T, n int, f func(g *ranks.Group) error) {
	t.Helper()
	groups, err := ranks.InProcess(n)
	check(t, err)
	var all sync.WaitGroup
	for _, g := range groups {
		all.Go(func() {
			if err := f(g); err != nil {
				t.Errorf("%v: %v", g.Place(), err)
			}
		})
	}
	all.Wait()
	for _, g := range groups {
		g.Close()
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestLastMessage: what the leader says before it leaves is heard, also by one that finds
// both at once.
func TestLastMessage(t *testing.T) {
	var all sync.WaitGroup
	for range 300 {
		groups, err := ranks.InProcess(2)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if _, err := groups[1].Told(); err != nil {
				t.Errorf("got %v, want the last message", err)
			}
			groups[1].Close()
		})
		all.Go(func() {
			_ = groups[0].Tell([]byte("end")) // an error if the other has heard it and left
			groups[0].Close()
		})
	}
	all.Wait()
}

// TestFinish: followers that leave as soon as they have the last message do not end the
// group for those that have yet to get it.
func TestFinish(t *testing.T) {
	for range 300 {
		groups, err := ranks.InProcess(4)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for _, g := range groups[1:] {
			all.Go(func() {
				if m, err := g.Told(); err != nil || string(m) != "end" {
					t.Errorf("%v: told %q, %v, want the last message", g.Place(), m, err)
				}
				g.Leave()
			})
		}
		groups[0].Finish([]byte("end"))
		all.Wait()
	}
}
