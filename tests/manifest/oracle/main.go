// The oracle of the manifest room's differential tests: reads YAML as Kubernetes does and prints JSON.
//
// In: a stream of inputs, each a line with a mode and a length, then that many bytes. Out: for each a line "ok <length>" or
// "error <length>", then that many bytes.
//
//	document  one document through sigs.k8s.io/yaml.YAMLToJSON
//	stream    a file through k8s.io/apimachinery's YAMLOrJSONDecoder, as kubectl reads it; a JSON array of its documents
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	kubernetes "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func readStream(input []byte) ([]byte, error) {
	decoder := kubernetes.NewYAMLOrJSONDecoder(bytes.NewReader(input), 4096)
	documents := []json.RawMessage{}
	for {
		var document json.RawMessage
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return json.Marshal(documents)
		}
		if err != nil {
			return nil, err
		}
		if len(document) > 0 && string(document) != "null" {
			documents = append(documents, document)
		}
	}
}

func read(mode string, input []byte) (output []byte, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	if mode == "stream" {
		return readStream(input)
	}
	return yaml.YAMLToJSON(input)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		var mode string
		var length int
		if _, err := fmt.Fscanf(in, "%s %d\n", &mode, &length); err != nil {
			break
		}
		input := make([]byte, length)
		if _, err := io.ReadFull(in, input); err != nil {
			break
		}
		status := "ok"
		output, err := read(mode, input)
		if err != nil {
			status, output = "error", []byte(err.Error())
		}
		fmt.Fprintf(out, "%s %d\n", status, len(output))
		out.Write(output)
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
	out.Flush()
}
