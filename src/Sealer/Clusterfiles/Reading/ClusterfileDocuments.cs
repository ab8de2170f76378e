using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads the documents of a file, whatever their order, and puts them together.</summary>
internal sealed class ClusterfileDocuments(ReadContext context)
{
    /// <summary>Characters; a cluster keeps its Clusterfile in an object of 1 MiB at most.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    public const int MaxNodes = 500_000;
    private const int MaxDocuments = 20_000;

    private static readonly string[] OwnKinds = ["Cluster", "Config", "Plugin", "Application"];

    /// <summary>API versions that sealer ever wrote.</summary>
    private static readonly string[] ApiVersions =
    [
        "sealer.io/v2", "sealer.io/v1", "sealer.cloud/v2", "sealer.cloud/v1", "sealer.com/v1alpha1",
        "zlink.aliyun.com/v1alpha1", "sealer.aliyun.com/v1alpha1", "sealer.aliyun.com/v2alpha1",
    ];

    private readonly List<Fields> _plugins = [];
    private readonly List<ConfigSpec> _configs = [];
    private readonly List<KubeadmDocument> _kubeadm = [];
    private ClusterSpec? _cluster;
    private ApplicationSpec? _application;
    private YamlNode? _clusterNode;
    private YamlNode? _applicationNode;
    private bool _mayHaveCluster;

    /// <summary>A Clusterfile.</summary>
    public ClusterSpec? Read()
    {
        ReadAll();
        if (_clusterNode is null && !_mayHaveCluster)
        {
            context.Diagnostics.Error(1, 1, context.Source.Text.AsSpan().Trim().IsEmpty
                ? "the file is empty; make one with New-Clusterfile"
                : "there is no document of kind Cluster; begin with apiVersion: sealer.io/v2, kind: Cluster");
        }

        var hosts = _cluster?.Hosts.ToList();
        var plugins = ReadPlugins(hosts);
        return context.Diagnostics.HasErrors || _cluster is null ? null : _cluster with
        {
            Hosts = hosts!,
            Configs = _configs,
            Plugins = plugins,
            Application = _application,
            KubeadmDocuments = _kubeadm,
        };
    }

    /// <summary>A file of plugins, as images carry them.</summary>
    public IReadOnlyList<PluginSpec> ReadPluginFile(List<HostSpec>? hosts)
    {
        ReadAll(pluginsOnly: true);
        return ReadPlugins(hosts);
    }

    /// <summary>What is wrong with a part that is not YAML, in words that name the usual causes, and where.</summary>
    public static (int Line, int Column, string Message) Explain(BrokenDocument broken)
    {
        // Of a tab the parser tells where the thing began that it stands in. In the text of a script tabs are no mistake, so
        // that one is blamed only where the parser speaks of one, or beside the place of another mistake.
        var line = broken.TextLine;
        var isTold = broken.Reason.Contains(" tab ", StringComparison.Ordinal);
        foreach (var text in broken.Text.AsSpan().EnumerateLines())
        {
            var tab = text[..^text.TrimStart(" \t").Length].IndexOf('\t');
            if (tab >= 0 && !text.Trim().IsEmpty && (isTold ? line >= broken.Line : Math.Abs(line - broken.Line) <= 1))
                return (line, tab + 1, "a tab indents this line; YAML takes spaces only");
            line++;
        }

        return (broken.Line, broken.Column, Reason(broken));
    }

    private static string Reason(BrokenDocument broken)
    {
        // The parser's own words may quote a part of the line, and that may be a password.
        return broken.Reason switch
        {
            var reason when reason.Contains("cannot start any token", StringComparison.Ordinal) =>
                "a sign stands here that begins no text; put the text in quotes",
            var reason when reason.Contains("nested more than", StringComparison.Ordinal) || reason.Contains("has more than", StringComparison.Ordinal) => reason,
            var reason when reason.Contains("apping values are not allowed", StringComparison.Ordinal) =>
                "a ': ' stands where no key may be; put text that holds it in quotes, or check the indentation",
            var reason when reason.Contains("expected", StringComparison.Ordinal) && reason.Contains("block", StringComparison.Ordinal) =>
                "this does not fit the lines above; check the indentation, and that every quote and bracket above is closed",
            var reason when reason.Contains("could not find expected ':'", StringComparison.Ordinal) =>
                "there is no ':' behind the key; write key: value",
            _ => "this is not YAML; check quotes, brackets and indentation here and in the line above",
        };
    }

    private void ReadAll(bool pluginsOnly = false)
    {
        var text = context.Source.Text;
        if (text.Length > MaxLength)
        {
            context.Diagnostics.Error(1, 1, $"the file has more than {MaxLength / 1024 / 1024} Mi characters");
            _mayHaveCluster = true;
            return;
        }

        var nul = text.IndexOf('\0', StringComparison.Ordinal);
        if (nul >= 0)
        {
            var line = text.AsSpan(0, nul).Count('\n') + 1;
            context.Diagnostics.Error(line, nul - text.LastIndexOf('\n', nul), "a NUL character stands here; the file is no text, or not UTF-8");
            _mayHaveCluster = true;
            return;
        }

        if (text.AsSpan().Count("\n---") > MaxDocuments)
        {
            context.Diagnostics.Error(1, 1, $"the file has more than {MaxDocuments} documents");
            _mayHaveCluster = true;
            return;
        }

        var documents = YamlDocuments.Read(text, MaxNodes);
        foreach (var broken in documents.Broken)
        {
            // What it would have been is not known, so nothing is told to be missing.
            _mayHaveCluster = true;
            var (line, column, message) = Explain(broken);
            context.Diagnostics.Error(line, column, message);
        }

        foreach (var document in documents.Documents)
        {
            if (document is YamlScalar { IsNull: true })
                continue;
            if (!new AliasCheck(context).IsSafe(document))
                _mayHaveCluster = true;
            else if (document is YamlMapping mapping)
                ReadDocument(mapping, pluginsOnly);
            else
                context.Error(document, "a document must be a map that begins with apiVersion and kind");
        }
    }

    private void ReadDocument(YamlMapping node, bool pluginsOnly)
    {
        var apiVersion = node.FindScalar("apiVersion");
        var kind = node.FindScalar("kind");
        // sealer wrote its Application documents with the two exchanged, and then did not know them again.
        if (kind?.Value.Contains('/', StringComparison.Ordinal) == true && apiVersion is not null && OwnKinds.Contains(apiVersion.Value))
        {
            context.Warning(kind, "kind and apiVersion are exchanged, as sealer once wrote them; this is read as it was meant");
            (apiVersion, kind) = (kind, apiVersion);
        }

        var name = kind?.Value ?? (pluginsOnly ? "Plugin" : "");
        if (name.Length == 0)
        {
            // Nobody can say what it is, and perhaps it is the cluster.
            _mayHaveCluster = true;
            context.Error(kind ?? (YamlNode)node, "the document has no kind: write kind: Cluster, or another");
            return;
        }

        if (pluginsOnly && name != "Plugin")
        {
            context.Unknown(kind!, $"a file of plugins holds documents of kind Plugin only, not {Quoting.Quote(name)}");
            return;
        }

        if (KubeadmReader.GroupOfKind.ContainsKey(name))
        {
            AddKubeadm(node, name, apiVersion, kind!);
            return;
        }

        if (OwnKinds.Contains(name) && apiVersion is not null && !ApiVersions.Contains(apiVersion.Value))
            context.Warning(apiVersion, $"{Quoting.Quote(apiVersion.Value)} is not an apiVersion of {name}{Quoting.DidYouMean(apiVersion.Value, ApiVersions)}; it is read all the same");
        switch (name)
        {
            case "Cluster":
                AddCluster(node, kind!, apiVersion);
                break;
            case "Config" when ConfigReader.Read(Document(node), context) is { } config:
                _configs.Add(config);
                break;
            case "Config":
                break;
            case "Plugin":
                _plugins.Add(Document(node));
                break;
            case "Application":
                AddApplication(node, kind!);
                break;
            default:
                UnknownKind(kind!, name);
                break;
        }
    }

    private Fields Document(YamlMapping node) => new(node, "", context);

    private void UnknownKind(YamlScalar kind, string name)
    {
        var known = OwnKinds.Concat(KubeadmReader.GroupOfKind.Keys);
        var hint = Quoting.DidYouMean(name, known);
        _mayHaveCluster |= hint.Contains("'Cluster'", StringComparison.Ordinal);
        var next = name switch
        {
            "KubeadmConfig" => "; sealer never carried it out: write ClusterConfiguration, InitConfiguration and KubeletConfiguration",
            "Infra" => "; machines are not made here: write their addresses into spec.hosts of the Cluster",
            _ when hint.Length == 0 || name == "ConfigMap" => "; objects of Kubernetes belong into the manifests of an application",
            _ => hint,
        };
        context.Unknown(kind, $"{Quoting.Quote(name)} is not a kind of a Clusterfile{next}");
    }

    private void AddCluster(YamlMapping node, YamlScalar kind, YamlScalar? apiVersion)
    {
        if (_clusterNode is not null)
            context.Error(kind, $"there is a Cluster in line {_clusterNode.Line} already; a Clusterfile describes one");
        _clusterNode ??= kind;
        context.HasLists = OldClusterfile.IsOld(apiVersion);
        _cluster = new ClusterReader(context).Read(Document(ValueOverrides.Apply(node, context))) ?? _cluster;
    }

    private void AddApplication(YamlMapping node, YamlScalar kind)
    {
        if (_applicationNode is not null)
            context.Error(kind, $"there is an Application in line {_applicationNode.Line} already; write all configs into one");
        _applicationNode ??= kind;
        _application = ApplicationReader.Read(Document(node), context) ?? _application;
    }

    private void AddKubeadm(YamlMapping node, string name, YamlScalar? apiVersion, YamlScalar kind)
    {
        var before = _kubeadm.FindIndex(document => document.Kind == name);
        if (before >= 0)
        {
            context.Error(kind, $"there is a {name} in line {_kubeadm[before].Location!.Line} already; write all of it into one");
            return;
        }

        if (KubeadmReader.Read(node, name, apiVersion, context) is { } document)
            _kubeadm.Add(document);
    }

    private List<PluginSpec> ReadPlugins(List<HostSpec>? hosts)
    {
        var reader = new PluginReader(context, hosts);
        return [.. _plugins.Select(reader.Read).OfType<PluginSpec>()];
    }
}
