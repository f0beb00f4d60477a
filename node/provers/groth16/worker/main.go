// Command groth16 is the process that proves with Groth16 over BN254. It translates constraint systems
// (node/provers/circuit/FORMAT.md) to R1CS and leaves the cryptography to gnark. It answers the requests of
// node/provers/process/README.md, one at a time; `session.go` lists the operations.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/consensys/gnark"
	"github.com/consensys/gnark/logger"
)

func main() {
	logger.Disable()
	signal.Ignore(os.Interrupt)
	// Proving allocates large slices and frees them soon; a lower target keeps the peak near what is in use.
	debug.SetGCPercent(50)
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers requests until the input ends.
func serve(in io.Reader, out io.Writer) error {
	hello := helloMessage{"hello", protocolVersion, "groth16", gnark.Version.String()}
	if err := writeMessage(out, hello); err != nil {
		return err
	}
	s := &session{loaded: map[string]*circuit{}}
	for {
		r, err := readRequest(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := writeMessage(out, s.answer(r)); err != nil {
			return err
		}
	}
}
