// Package npz reads and writes arrays of numbers in NumPy's formats, npz and npy,
// as reference statistics and golden files hold them. What it reads is bounded, and
// memory is taken as data arrives: a file that lies costs nothing.
package npz
