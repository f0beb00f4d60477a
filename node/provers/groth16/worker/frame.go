package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// maxFrameBytes bounds a frame; whatever is large travels in files.
const maxFrameBytes = 1 << 24

// workerError is a failure with the stable code of protocol/errors.ts that the caller shall see.
type workerError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *workerError) Error() string { return e.Message }

// request and response are a frame's content: a 32-bit big-endian length, then that many bytes of JSON.
type request struct {
	ID     uint64          `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

type response struct {
	ID     uint64       `json:"id"`
	Result any          `json:"result,omitempty"`
	Error  *workerError `json:"error,omitempty"`
}

// readFrame returns io.EOF when the input ends between frames.
func readFrame(in io.Reader) (*request, error) {
	var header [4]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(header[:])
	if size > maxFrameBytes {
		return nil, fmt.Errorf("a frame of %d bytes exceeds %d", size, maxFrameBytes)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, fmt.Errorf("a frame ends too early: %w", err)
	}
	r := new(request)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("a frame is not a request: %w", err)
	}
	return r, nil
}

func writeFrame(out io.Writer, r *response) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = out.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	return err
}
