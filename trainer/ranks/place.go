package ranks

import (
	"fmt"
	"strconv"
)

// Place is where a process stands among those that train together.
type Place struct {
	Rank, Size       int
	Local, LocalSize int    // among those on its machine; LocalSize is 0 where nobody says
	Launcher         string // who started them; "" for a process alone
	Launch           string // tells this start from others of the same run, where the launcher does

	mpi bool
}

// Alone is the place of a process that trains by itself.
func Alone() Place { return Place{Size: 1, LocalSize: 1} }

// Variables by which innate's own --procs tells its processes their places: those of
// torchrun, and one for the launch.
const (
	envRank      = "RANK"
	envSize      = "WORLD_SIZE"
	envLocal     = "LOCAL_RANK"
	envLocalSize = "LOCAL_WORLD_SIZE"
	envLaunch    = "INNATE_LAUNCH"
)

// launcher is how one kind of launcher tells processes their places.
type launcher struct {
	name             string
	rank, size       string   // variables
	local, localSize []string // the first that is set
	launch           []string // all that are set
	mpi              bool     // its processes may initialise MPI
}

// launchers are in the order in which they count: who starts through another, such as
// mpirun in a job of Slurm, comes first. A step of srun is known by SLURM_STEP_NUM_TASKS:
// the batch script of a job has SLURM_PROCID and SLURM_NTASKS, too, and is one process.
var launchers = []launcher{
	{
		name: "torchrun", rank: envRank, size: envSize, local: []string{envLocal}, localSize: []string{envLocalSize},
		launch: []string{"TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT"},
	},
	{
		name: "Open MPI", rank: "OMPI_COMM_WORLD_RANK", size: "OMPI_COMM_WORLD_SIZE",
		local: []string{"OMPI_COMM_WORLD_LOCAL_RANK"}, localSize: []string{"OMPI_COMM_WORLD_LOCAL_SIZE"},
		launch: []string{"PMIX_NAMESPACE"}, mpi: true,
	},
	{
		name: "MPICH", rank: "PMI_RANK", size: "PMI_SIZE", local: []string{"MPI_LOCALRANKID", "SLURM_LOCALID"}, localSize: []string{"MPI_LOCALNRANKS"},
		launch: []string{"SLURM_JOB_ID", "SLURM_STEP_ID"}, mpi: true,
	},
	{
		name: "Slurm", rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS", local: []string{"SLURM_LOCALID"},
		launch: []string{"SLURM_JOB_ID", "SLURM_STEP_ID"},
	},
}

// FromEnv reads the place of this process from its environment. Without a launcher,
// and with one that started a single process, it is alone.
func FromEnv(getenv func(string) string) (Place, error) {
	for _, l := range launchers {
		rank, size := getenv(l.rank), getenv(l.size)
		if rank == "" || size == "" {
			continue
		}
		p := Place{Launcher: l.name, mpi: l.mpi}
		for _, v := range []struct {
			names []string
			to    *int
		}{{[]string{l.rank}, &p.Rank}, {[]string{l.size}, &p.Size}, {l.local, &p.Local}, {l.localSize, &p.LocalSize}} {
			for _, name := range v.names {
				text := getenv(name)
				if text == "" {
					continue
				}
				n, err := strconv.Atoi(text)
				if err != nil {
					return p, fmt.Errorf("ranks: %s: %s=%q, want a whole number", l.name, name, text)
				}
				*v.to = n
				break
			}
		}
		if p.Size < 1 || p.Rank < 0 || p.Rank >= p.Size || p.Local < 0 {
			return p, fmt.Errorf("ranks: %s: rank %d of %d, want one from 0 on below the number of processes", l.name, p.Rank, p.Size)
		}
		for _, name := range l.launch {
			p.Launch += getenv(name) + "/"
		}
		if own := getenv(envLaunch); own != "" {
			p.Launcher, p.Launch = ownLauncher, own
		}
		if p.Size == 1 {
			return Alone(), nil
		}
		return p, nil
	}
	return Alone(), nil
}

// Together reports whether there are others.
func (p Place) Together() bool { return p.Size > 1 }

// Leads reports whether this process is the one that leads, be it alone.
func (p Place) Leads() bool { return p.Rank == 0 }

// ByMPI reports whether the launcher is one of MPI, whose processes may use it.
func (p Place) ByMPI() bool { return p.mpi }

// SameMachine reports whether the launcher says that all are on this machine.
func (p Place) SameMachine() bool { return p.LocalSize == p.Size }

// ownLauncher is innate itself.
const ownLauncher = "--procs"

// Own is the place of rank 0 in a launch by --procs, and Env has those of the others.
func Own(size int, launch string) Place {
	return Place{Size: size, LocalSize: size, Launcher: ownLauncher, Launch: launch}
}

// Env are the variables by which process rank of a launch by --procs knows its place.
func Env(rank, size int, launch string) []string {
	return []string{
		fmt.Sprintf("%s=%d", envRank, rank), fmt.Sprintf("%s=%d", envSize, size),
		fmt.Sprintf("%s=%d", envLocal, rank), fmt.Sprintf("%s=%d", envLocalSize, size),
		envLaunch + "=" + launch,
	}
}

// String is the place for people: rank 1 of 4.
func (p Place) String() string { return fmt.Sprintf("rank %d of %d", p.Rank, p.Size) }
