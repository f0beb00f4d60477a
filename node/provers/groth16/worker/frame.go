package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// The protocol of node/provers/process/README.md.
const (
	protocolVersion = 1
	// maxFrameBytes bounds a frame's body; whatever is large travels in files.
	maxFrameBytes = 16 << 20
)

// Kinds of errors, as the protocol names them.
const (
	failed  = "failed"
	storage = "storage"
	usage   = "usage"
)

// workerError is what a failed request is answered with.
type workerError struct{ kind, message string }

func (e *workerError) Error() string { return e.message }

type request struct {
	Type       string          `json:"type"`
	ID         uint64          `json:"id"`
	Operation  string          `json:"operation"`
	Parameters json.RawMessage `json:"parameters"`
}

type helloMessage struct {
	Type     string `json:"type"`
	Protocol int    `json:"protocol"`
	Worker   string `json:"worker"`
	Version  string `json:"version"`
}

type resultMessage struct {
	Type  string `json:"type"`
	ID    uint64 `json:"id"`
	Value any    `json:"value"`
}

type errorMessage struct {
	Type    string `json:"type"`
	ID      uint64 `json:"id"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// readRequest returns io.EOF when the input ends between frames.
func readRequest(in io.Reader) (*request, error) {
	var prefix [4]byte
	if _, err := io.ReadFull(in, prefix[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(prefix[:])
	if size > maxFrameBytes {
		return nil, fmt.Errorf("a frame of %d bytes exceeds %d", size, maxFrameBytes)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, fmt.Errorf("a frame ends too early: %w", err)
	}
	r := new(request)
	if err := json.Unmarshal(body, r); err != nil {
		return nil, fmt.Errorf("a frame is not JSON: %w", err)
	}
	if r.Type != "request" {
		return nil, fmt.Errorf("a message of type %q is no request", r.Type)
	}
	return r, nil
}

func writeMessage(out io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = out.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}
