// Package torchfile reads the files that PyTorch makes: those of torch.save, as a
// zip or in the legacy form, TorchScript's, pickles with tensors in them, and the
// network pickles of EDM, GDD and D2O. Nothing in them is run: package pickle reads
// them as data, names that are not known here are refused, and of a TorchScript file
// the records of code are not read.
//
// Opening a file reads its pickle alone: names, types, shapes, strides and, of a
// network pickle, the arguments of the network's constructor. Values are read when
// they are wanted, row by row, whatever the strides were; the file stays open as
// long as somebody may want some. They are read and not mapped into memory: a
// mapped file that another program cuts short would end the process.
//
// zip.go and legacy.go find the storages, tensor.go the tensors over them,
// module.go the names.
package torchfile
