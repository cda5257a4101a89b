package mpi

// Variable of the environment names the library to load, where it is not found by its
// usual name; off keeps sums with the connections between the processes.
const Variable = "INNATE_MPI"

// Off is the value of Variable that wants no MPI.
const Off = "off"
