//go:build (amd64 || arm64) && !static

package mpi_test

import (
	"strings"
	"testing"

	"innate/trainer/ranks/mpi"
)

// TestLoadRefuses names what is no MPI: a file that is not there, and the C library.
// Sums of real ones are tested where mpiexec is, in cmd/innate.
func TestLoadRefuses(t *testing.T) {
	for path, want := range map[string]string{
		"/nowhere/libmpi.so": "mpi: none of /nowhere/libmpi.so is to be found: install Open MPI or MPICH, or name the library by INNATE_MPI",
		"libc.so.6":          "mpi: libc.so.6 has no MPI_",
	} {
		_, err := mpi.Load(func(name string) string {
			if name == mpi.Variable {
				return path
			}
			return ""
		})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}
