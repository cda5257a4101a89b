package runlog

// DecodeRow reads a line by encoding/json.
func DecodeRow(line []byte) (Row, error) { return decodeRow(line) }
