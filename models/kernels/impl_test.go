package kernels_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"innate/models/kernels"
)

// eachImpl runs a test on every implementation; those that this CPU cannot run
// are reported as skipped.
func eachImpl(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	before := kernels.Active()
	defer func() {
		if err := kernels.Select(before); err != nil {
			t.Error(err)
		}
	}()
	for _, name := range []string{"avx512", "avx2", "neon", "portable"} {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains(kernels.Available(), name) {
				t.Skipf("this build or CPU has no %s", name)
			}
			if err := kernels.Select(name); err != nil {
				t.Fatal(err)
			}
			f(t)
		})
	}
}

// random fills n values with numbers in [-1, 1).
func random(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// pools returns pools of 1, 2 and 3 threads, closed with the test.
func pools(t testing.TB) []*kernels.Pool {
	var list []*kernels.Pool
	for n := 1; n <= 3; n++ {
		p := kernels.NewPool(n)
		t.Cleanup(p.Close)
		list = append(list, p)
	}
	return list
}

func TestSelect(t *testing.T) {
	if kernels.Active() != kernels.Available()[0] && os.Getenv("INNATE_KERNELS") == "" {
		t.Errorf("active %q, want the fastest of %q", kernels.Active(), kernels.Available())
	}
	if a := kernels.Available(); a[len(a)-1] != "portable" {
		t.Errorf("available %q, want portable last", a)
	}
	before := kernels.Active()
	err := kernels.Select("mmx")
	want := `kernels "mmx", want one of ` + strings.Join(kernels.Available(), ", ")
	if err == nil || err.Error() != want {
		t.Errorf("Select: %v, want %s", err, want)
	}
	if kernels.Active() != before {
		t.Errorf("a refused Select changed %q to %q", before, kernels.Active())
	}
}

// The environment is read when the program starts, so the test runs itself.
func TestEnvironment(t *testing.T) {
	if os.Getenv("KERNELS_TEST_CHILD") != "" {
		fmt.Printf("%s|%v\n", kernels.Active(), kernels.EnvError())
		return
	}
	best := kernels.Available()[0]
	for value, want := range map[string]string{
		"portable": "portable|<nil>",
		"":         best + "|<nil>",
		"mmx":      best + `|INNATE_KERNELS: kernels "mmx", want one of ` + strings.Join(kernels.Available(), ", "),
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestEnvironment$")
		cmd.Env = append(os.Environ(), "KERNELS_TEST_CHILD=1", "INNATE_KERNELS="+value)
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.ENOEXEC) {
			t.Skip("under an emulator, which starts no programs of its kind")
		}
		if err != nil || !strings.HasPrefix(string(out), want+"\n") {
			t.Errorf("INNATE_KERNELS=%q: %v: %s, want %s", value, err, out, want)
		}
	}
}
