// Command groth16 is the process that proves with Groth16 over BN254. It translates constraint systems
// (node/provers/circuit/FORMAT.md) to R1CS and leaves the cryptography to gnark. It reads requests from standard input
// and answers on standard output, one at a time (node/provers/process/README.md), and ends with its input.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/consensys/gnark/logger"
)

func main() {
	logger.Disable()
	// Proving allocates large slices and frees them soon; a lower target keeps the peak near what is in use.
	debug.SetGCPercent(50)
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers requests until the input ends.
func serve(in io.Reader, out io.Writer) error {
	s := &session{loaded: map[string]*circuit{}}
	for {
		request, err := readFrame(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := writeFrame(out, s.answer(request)); err != nil {
			return err
		}
	}
}
