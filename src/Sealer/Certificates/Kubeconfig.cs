using System.Text;
using System.Text.Json;
using Sealer.Yaml;

namespace Sealer.Certificates;

/// <summary>The parts of a kubeconfig that certificates are about, of its current context.</summary>
internal sealed class Kubeconfig
{
    private const int LargestFile = 1 << 20;
    private const int MostNodes = 20_000;

    public string? Server { get; private init; }

    public string? ClusterName { get; private init; }

    /// <summary>PEM of the authority; null where it is in a file or not there.</summary>
    public byte[]? Authority { get; private init; }

    /// <summary>The file of the authority.</summary>
    public string? AuthorityFile { get; private init; }

    /// <summary>PEM of the client certificate.</summary>
    public byte[]? Certificate { get; private init; }

    public string? CertificateFile { get; private init; }

    /// <summary>PEM of the client's key.</summary>
    public byte[]? Key { get; private init; }

    public string? KeyFile { get; private init; }

    /// <param name="content">The file.</param>
    /// <param name="reason">Why it cannot be read, or null.</param>
    public static Kubeconfig? Read(ReadOnlySpan<byte> content, out string? reason)
    {
        if (content.Length > LargestFile)
        {
            reason = $"it is larger than {LargestFile >> 20} MiB";
            return null;
        }

        var documents = YamlDocuments.Read(Encoding.UTF8.GetString(content), MostNodes);
        if (documents.Broken is [var broken, ..])
        {
            reason = $"it is no YAML: line {broken.Line}, {broken.Reason}";
            return null;
        }

        if (documents.Documents is not [YamlMapping root] || root.FindScalar("kind")?.Value != "Config")
        {
            reason = "it is no kubeconfig";
            return null;
        }

        var current = root.FindScalar("current-context")?.Value;
        var context = Named(root, "contexts", current, "context");
        var clusterName = context?.FindScalar("cluster")?.Value;
        var cluster = Named(root, "clusters", clusterName, "cluster");
        var user = Named(root, "users", context?.FindScalar("user")?.Value, "user");
        if (cluster is null || user is null)
        {
            reason = "its current context names no cluster and user that are there";
            return null;
        }

        reason = null;
        return new Kubeconfig
        {
            ClusterName = clusterName,
            Server = cluster.FindScalar("server")?.Value,
            Authority = Data(cluster, "certificate-authority-data", ref reason),
            AuthorityFile = Text(cluster, "certificate-authority"),
            Certificate = Data(user, "client-certificate-data", ref reason),
            CertificateFile = Text(user, "client-certificate"),
            Key = Data(user, "client-key-data", ref reason),
            KeyFile = Text(user, "client-key"),
        };
    }

    /// <summary>As kubeadm writes it: keys in the order of the alphabet, everything inside.</summary>
    public static string Write(WantedCertificate wanted, string authorityPem, string certificatePem, string keyPem)
    {
        var (cluster, user) = (Scalar(wanted.ClusterName!), Scalar(wanted.CommonName));
        var context = Scalar($"{wanted.CommonName}@{wanted.ClusterName}");
        return $"""
            apiVersion: v1
            clusters:
            - cluster:
                certificate-authority-data: {Base64(authorityPem)}
                server: {Scalar(wanted.Server!)}
              name: {cluster}
            contexts:
            - context:
                cluster: {cluster}
                user: {user}
              name: {context}
            current-context: {context}
            kind: Config
            preferences: {"{}"}
            users:
            - name: {user}
              user:
                client-certificate-data: {Base64(certificatePem)}
                client-key-data: {Base64(keyPem)}

            """;
    }

    private static YamlMapping? Named(YamlMapping root, string list, string? name, string content)
    {
        if (name is null || root.Find(list) is not YamlSequence items)
            return null;
        return items.Items.Select(item => item.Target).OfType<YamlMapping>()
            .FirstOrDefault(item => item.FindScalar("name")?.Value == name)?.Find(content) as YamlMapping;
    }

    private static string? Text(YamlMapping map, string key) => map.FindScalar(key)?.Value is { Length: > 0 } text ? text : null;

    private static byte[]? Data(YamlMapping map, string key, ref string? reason)
    {
        if (Text(map, key) is not { } text)
            return null;
        var data = new byte[text.Length];
        if (Convert.TryFromBase64String(text, data, out var length))
            return data[..length];
        reason ??= $"its {key} is no base64";
        return null;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    // A JSON string is YAML too. A plain one must not look like a number, a truth value or the beginning of something.
    private static string Scalar(string text)
    {
        var scalar = new YamlScalar(text, isPlain: true, isBlock: false, 0, 0);
        var isPlain = text.Length > 0
            && char.IsAsciiLetter(text[0])
            && text[^1] != ':'
            && !scalar.IsNotString
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':' or '/' or '@' or '[' or ']');
        return isPlain ? text : JsonSerializer.Serialize(text);
    }
}
