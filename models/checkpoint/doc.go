// Package checkpoint reads and writes tensors in the safetensors format: eight
// bytes of header length, a JSON header, then the values, little-endian and
// row-major, without holes.
//
// A reader executes nothing and believes nothing: the header is bounded, every
// offset is checked before memory is reserved for it, a tensor's bytes must
// agree with its shape, and all bytes with the checksums, where there are some:
// see checksum.go. A writer replaces a file whole or not at all: values go
// to a temporary file beside the target, which is synced and then renamed.
package checkpoint
