// Package mpi adds up gradients over processes by the MPI that launched them, which
// knows the cluster's network better than a connection to one process does.
//
// The library is found and loaded at run time, without cgo and headers. There are three
// C interfaces, which differ in what their handles are: the standard ABI of MPI 5
// (libmpi_abi.so), that of Open MPI (libmpi.so.40, also Debian's), whose handles are
// addresses of objects in it, and that of MPICH and its kin (libmpi.so.12,
// libmpich.so.12), whose handles are numbers.
//
// MPI is initialised only in a process that its launcher has started: Open MPI ends a
// process in which that fails. All calls are made from one thread. A process that waits
// in a sum keeps its core busy.
package mpi
