namespace Sealer.Tests.Clusterfiles;

/// <summary>Templates and what Go makes of them; held against a real helm in the parts tier.</summary>
internal static class TemplateCases
{
    /// <summary>What <c>.Values</c> is.</summary>
    public const string Values = """
        name: web
        domain: Example.COM
        empty: ""
        quoted: 'say "hi" \ there'
        multi: "a\nb\n"
        spaced: "  x y  "
        truthy: true
        falsy: false
        ports: [ "80", "443" ]
        none: []
        tree:
          beta: two
          alpha: one
          deep: { key: value, flag: true, list: [ a, b ] }
        odd: { colon: "a: b", dash: "- x", truth: "yes", number: "12", hash: "a #b", blank: "", star: "*x", nothing: null }
        """;

    public static readonly (string Template, string Expected)[] All =
    [
        ("plain text", "plain text"),
        ("{{ .Values.name }}", "web"),
        ("a {{.Values.name}} b", "a web b"),
        ("{{ .Values.missing }}", "<no value>"),
        ("{{ .Values.tree.deep.key }}", "value"),
        ("{{ .Values.truthy }} {{ .Values.falsy }}", "true false"),
        ("{{ .Values.ports }}", "[80 443]"),
        ("{{ .Values.tree }}", "map[alpha:one beta:two deep:map[flag:true key:value list:[a b]]]"),
        ("a  {{- .Values.name -}}  b", "awebb"),
        ("a\n{{- /* note */ -}}\nb", "ab"),
        ("a {{/* note */}} b", "a  b"),
        ("{{ \"x\\ty\\\"z\\u00e9\\\\\" }}", "x\ty\"z\u00e9\\"),
        ("{{ `raw \\n text` }}", "raw \\n text"),
        ("{{ 'a' }} {{ '\\n' }} {{ 12 }} {{ -3 }} {{ 0x1F }} {{ 0b11 }} {{ 017 }} {{ 1_000 }}", "97 10 12 -3 31 3 15 1000"),
        ("{{ 1.5 }} {{ 1e3 }} {{ 1.0 }} {{ 1e21 }} {{ 0.00001 }} {{ 123456789.125 }}", "1.5 1000 1 1e+21 1e-05 1.23456789125e+08"),
        ("{{ true }}", "true"),
        ("{{ if .Values.truthy }}A{{ else }}B{{ end }}", "A"),
        ("{{ if .Values.empty }}A{{ else }}B{{ end }}", "B"),
        ("{{ if .Values.falsy }}A{{ else if .Values.truthy }}B{{ else }}C{{ end }}", "B"),
        ("{{ if .Values.falsy }}A{{ else if .Values.falsy }}B{{ else }}C{{ end }}", "C"),
        ("{{ if .Values.missing }}A{{ end }}", ""),
        ("{{ if .Values.none }}A{{ else }}B{{ end }}", "B"),
        ("{{ if 0 }}A{{ else }}B{{ end }}{{ if 1 }}A{{ else }}B{{ end }}", "BA"),
        ("{{ if and .Values.truthy .Values.name }}A{{ end }}", "A"),
        ("{{ and .Values.truthy .Values.name }} {{ and .Values.empty .Values.name }}|", "web |"),
        ("{{ or .Values.empty \"d\" }} {{ or .Values.missing .Values.name }}", "d web"),
        ("{{ or true (index .Values.ports 99) }}", "true"),
        ("{{ not .Values.falsy }}", "true"),
        ("{{ eq .Values.name \"web\" }} {{ eq .Values.name \"a\" \"web\" }} {{ ne .Values.name \"x\" }}", "true true true"),
        ("{{ lt 1 2 }} {{ le 2 2 }} {{ gt 1 2 }} {{ ge 2 3 }} {{ lt \"a\" \"b\" }} {{ eq 1.5 1.5 }}", "true true false false true true"),
        ("{{ eq .Values.missing \"x\" }}", "false"),
        ("{{ range .Values.ports }}[{{ . }}]{{ end }}", "[80][443]"),
        ("{{ range .Values.none }}x{{ else }}nothing{{ end }}", "nothing"),
        ("{{ range .Values.missing }}x{{ else }}nothing{{ end }}", "nothing"),
        ("{{ range $i, $p := .Values.ports }}{{ $i }}={{ $p }} {{ end }}", "0=80 1=443 "),
        ("{{ range $p := .Values.ports }}{{ $p }}{{ . }} {{ end }}", "8080 443443 "),
        ("{{ range $k, $v := .Values.tree.deep }}{{ $k }};{{ end }}", "flag;key;list;"),
        ("{{ range .Values.ports }}{{ if eq . \"443\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "80"),
        ("{{ range .Values.ports }}{{ if eq . \"80\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "443"),
        ("{{ range .Values.ports }}{{ $.Values.name }}{{ end }}", "webweb"),
        ("{{ with .Values.tree }}{{ .alpha }}{{ end }}", "one"),
        ("{{ with .Values.empty }}A{{ else }}{{ .Values.name }}{{ end }}", "web"),
        ("{{ with $x := .Values.name }}{{ $x }}{{ . }}{{ end }}", "webweb"),
        ("{{ $a := \"1\" }}{{ $a }}{{ $a = \"2\" }}{{ $a }}", "12"),
        ("{{ $a := \"1\" }}{{ if true }}{{ $a = \"2\" }}{{ $b := \"3\" }}{{ $b }}{{ end }}{{ $a }}", "32"),
        ("{{ $a := \"1\" }}{{ if true }}{{ $a := \"2\" }}{{ $a }}{{ end }}{{ $a }}", "21"),
        ("{{ $t := .Values.tree }}{{ $t.deep.key }}", "value"),
        ("{{ (index .Values.ports 1) }}", "443"),
        ("{{ (.Values.tree).alpha }}", "one"),
        ("{{ index .Values.tree \"deep\" \"key\" }}", "value"),
        ("{{ len .Values.ports }} {{ len .Values.name }} {{ len .Values.tree }}", "2 3 3"),
        ("{{ .Values.name | upper | quote }}", "\"WEB\""),
        ("{{ .Values.domain | lower }} {{ .Values.spaced | trim }}|", "example.com x y|"),
        ("{{ .Values.quoted | quote }}", "\"say \\\"hi\\\" \\\\ there\""),
        ("{{ quote .Values.name .Values.missing 1 true }}", "\"web\" \"1\" \"true\""),
        ("{{ squote .Values.name }}", "'web'"),
        ("{{ .Values.multi | quote }}", "\"a\\nb\\n\""),
        ("{{ .Values.name | b64enc }} {{ \"d2Vi\" | b64dec }}", "d2Vi web"),
        ("{{ default \"d\" .Values.empty }} {{ .Values.missing | default \"e\" }} {{ .Values.name | default \"f\" }} {{ default \"g\" .Values.falsy }}", "d e web g"),
        ("{{ default 5 .Values.missing }}", "5"),
        ("{{ .Values.multi | indent 2 }}|", "  a\n  b\n  |"),
        ("x:{{ .Values.multi | nindent 4 }}|", "x:\n    a\n    b\n    |"),
        ("{{ toYaml .Values.tree }}", "alpha: one\nbeta: two\ndeep:\n  flag: true\n  key: value\n  list:\n  - a\n  - b"),
        ("{{ .Values.tree.deep | toYaml | nindent 2 }}", "\n  flag: true\n  key: value\n  list:\n  - a\n  - b"),
        ("{{ toYaml .Values.odd }}", "blank: \"\"\ncolon: 'a: b'\ndash: '- x'\nhash: 'a #b'\nnothing: null\nnumber: \"12\"\nstar: '*x'\ntruth: \"yes\""),
        ("{{ toYaml .Values.ports }} {{ toYaml .Values.none }} {{ toYaml .Values.name }} {{ toYaml .Values.missing }}", "- \"80\"\n- \"443\" [] web null"),
        ("{{ toYaml .Values.multi }}", "|\n  a\n  b"),
        ("{{ toJson .Values.tree.deep }}", "{\"flag\":true,\"key\":\"value\",\"list\":[\"a\",\"b\"]}"),
        ("{{ print 1 2 \"a\" \"b\" 3 }} {{ println \"a\" 1 }}", "1 2ab3 a 1\n"),
        ("{{ printf \"%s-%d %v %q %5s|%-5s|%05d %x %t %.2f %%\" \"a\" 3 true \"q\" \"r\" \"l\" 42 255 true 1.5 }}", "a-3 true \"q\"     r|l    |00042 ff true 1.50 %"),
        ("{{ printf \"%o|%b|%x|%#x|%#X\" -8 -5 -9223372036854775808 -16 255 }}", "-10|-101|-8000000000000000|-0x10|0XFF"),
        ("{{ printf \"%.2s|%4s|\" \"\u00e4\U0001F600x\" \"\u00e4\" }}", "\u00e4\U0001F600|   \u00e4|"),
        ("{{ html \"M\u00fcller\" }} {{ urlquery \"~a%7E\" }} {{ splitList \"\" \"ab\" }}", "M\u00fcller ~a%257E [a b]"),
        ("{{ html \"<a href=\\\"x\\\">&'\" }}", "&lt;a href=&#34;x&#34;&gt;&amp;&#39;"),
        ("{{ urlquery \"a b&c=d/e!(*)\" }}", "a+b%26c%3Dd%2Fe%21%28%2A%29"),
        ("{{ ternary \"a\" \"b\" .Values.truthy }} {{ empty .Values.none }} {{ coalesce .Values.empty .Values.name }}", "a true web"),
        ("{{ trimPrefix \"w\" .Values.name }} {{ trimSuffix \"b\" .Values.name }} {{ replace \"e\" \"o\" .Values.name }}", "eb we wob"),
        ("{{ contains \"e\" .Values.name }} {{ hasPrefix \"w\" .Values.name }} {{ hasSuffix \"x\" .Values.name }}", "true true false"),
        ("{{ join \",\" .Values.ports }} {{ splitList \",\" \"a,b\" }} {{ list 1 \"a\" }}", "80,443 [a b] [1 a]"),
        ("{{ int \"12\" }} {{ toString 5 }}", "12 5"),
        ("{{ required \"needed\" .Values.name }}", "web"),
        ("{{ if (and (eq .Values.name \"web\") (not (empty .Values.ports))) }}A{{ end }}", "A"),
        ("{{ (printf \"%s\" .Values.name) | printf \"%s-%s\" \"x\" }}", "x-web"),
        ("{{ \"{{\" }} {{ \"}}\" }}", "{{ }}"),
        ("{{\n.Values.name\n}}", "web"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ $ | toString | empty }}", "false"),
        ("}} { ", "}} { "),
        ("{{ if true -}}   x   {{- end }}", "x"),
        ("{{- range $i, $e := .Values.ports }}\n- {{ $e }}\n{{- end }}\n", "\n- 80\n- 443\n"),
        ("{{ with .Values.missing }}A{{ else with .Values.name }}{{ . }}{{ end }}", "web"),
    ];
}
