// Renders templates with Go's own text/template: a JSON object a line in, one a line out.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type request struct {
	Template string            `json:"template"`
	Data     map[string]string `json:"data"`
	Missing  string            `json:"missing"`
}

type answer struct {
	Out   string `json:"out"`
	Error string `json:"error"`
}

func render(r request) (a answer) {
	parsed, err := template.New("t").Option("missingkey=" + r.Missing).Funcs(functions()).Parse(r.Template)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var out strings.Builder
	if err := parsed.Execute(&out, r.Data); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Out: out.String()}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			panic(err)
		}
		if err := out.Encode(render(r)); err != nil {
			panic(err)
		}
	}
}
