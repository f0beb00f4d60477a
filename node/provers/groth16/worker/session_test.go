package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// exchange sends frames to a worker and returns its answers, the greeting first.
func exchange(t *testing.T, requests ...any) []map[string]any {
	t.Helper()
	var in, out bytes.Buffer
	for _, r := range requests {
		if err := writeMessage(&in, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := serve(&in, &out); err != nil {
		t.Fatal(err)
	}
	var answers []map[string]any
	for out.Len() > 0 {
		body := out.Next(int(binary.BigEndian.Uint32(out.Next(4))))
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	return answers
}

func ask(id int, operation string, parameters any) map[string]any {
	return map[string]any{"type": "request", "id": id, "operation": operation, "parameters": parameters}
}

func TestServesAWholeExchange(t *testing.T) {
	folder := t.TempDir()
	files := map[string]any{
		"constraints":  writeFile(t, "constraints", sampleCircuit()),
		"provingKey":   filepath.Join(folder, "pk"),
		"verifyingKey": filepath.Join(folder, "vk"),
	}
	answers := exchange(t,
		ask(1, "inspect", map[string]any{"constraints": files["constraints"]}),
		ask(2, "setup", files),
		ask(3, "nothing", map[string]any{}),
		ask(4, "setup", map[string]any{"unknown": 1}),
		ask(5, "prove", map[string]any{"circuit": "", "witness": ""}))
	if hello := answers[0]; hello["type"] != "hello" || hello["version"] != "0.14.0" {
		t.Errorf("greeting: %v", hello)
	}
	for i, expected := range []string{"result", "result", "error", "error", "error"} {
		if answer := answers[i+1]; answer["type"] != expected || answer["id"] != float64(i+1) {
			t.Errorf("answer %d: %v", i+1, answer)
		}
	}
	if value := answers[1]["value"].(map[string]any); value["domain"] != float64(1024) {
		t.Errorf("facts: %v", value)
	}

	contract := filepath.Join(folder, "verifier.sol")
	exchange(t, ask(1, "exportSolidity", map[string]any{"verifyingKey": files["verifyingKey"], "out": contract}))
	if source, err := os.ReadFile(contract); err != nil || !bytes.Contains(source, []byte("function verifyProof(")) {
		t.Errorf("no contract: %v", err)
	}

	load := map[string]any{"provingKeyDigest": answers[2]["value"].(map[string]any)["provingKey"]}
	for name, path := range files {
		load[name] = path
	}
	witness := writeWitness(t, sampleWitness(4, 0))
	answers = exchange(t,
		ask(1, "load", load),
		ask(2, "prove", map[string]any{"circuit": load["provingKeyDigest"], "witness": witness}),
		ask(3, "unload", map[string]any{"circuit": load["provingKeyDigest"]}),
		ask(4, "prove", map[string]any{"circuit": load["provingKeyDigest"], "witness": witness}))
	for i, expected := range []string{"result", "result", "result", "error"} {
		if answer := answers[i+1]; answer["type"] != expected {
			t.Errorf("answer %d: %v", i+1, answer)
		}
	}
}

func TestMalformedFramesEndTheProcess(t *testing.T) {
	frame := func(body string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	for name, data := range map[string][]byte{
		"too long":   {0xff, 0xff, 0xff, 0xff},
		"cut":        frame("{}")[:5],
		"not JSON":   frame("nothing"),
		"no request": frame(`{"type":"hello"}`),
	} {
		if serve(bytes.NewReader(data), &bytes.Buffer{}) == nil {
			t.Errorf("%s was answered", name)
		}
	}
}
