using System.Globalization;
using System.Text;
using System.Xml;

namespace Sealer.Hosts.Checks;

/// <summary>Results as JUnit XML, which Azure Pipelines, Jenkins and GitLab show: a suite a host, a case a check.</summary>
public static class HostCheckReport
{
    private const string DefaultName = "Test-ClusterHost";

    /// <summary>Writes the file. It is there whole or not at all.</summary>
    /// <param name="results">The results.</param>
    /// <param name="path">The file; its folder is made where it is missing.</param>
    /// <param name="name">What the results are of, for the report's head.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <remarks>Failed is a failure; Skipped and Ignored are skipped; a Warning is a case that passed and says so.</remarks>
    public static async Task WriteAsync(IReadOnlyList<HostCheckResult> results, string path, string name = DefaultName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var partial = $"{full}.{Guid.NewGuid():N}.partial";
        try
        {
            await File.WriteAllBytesAsync(partial, ToXml(results, name), cancellationToken).ConfigureAwait(false);
            File.Move(partial, full, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>The text of the file, UTF-8.</summary>
    /// <param name="results">The results.</param>
    /// <param name="name">What they are of.</param>
    public static byte[] ToXml(IReadOnlyList<HostCheckResult> results, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(results);
        using var stream = new MemoryStream();
        using (var xml = XmlWriter.Create(stream, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false), CheckCharacters = true }))
        {
            xml.WriteStartElement("testsuites");
            xml.WriteAttributeString("name", name);
            Totals(xml, results);
            foreach (var host in results.GroupBy(r => r.Host, StringComparer.Ordinal))
            {
                xml.WriteStartElement("testsuite");
                xml.WriteAttributeString("name", Clean(host.Key));
                Totals(xml, [.. host]);
                foreach (var result in host)
                    Case(xml, result);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        return stream.ToArray();
    }

    private static void Totals(XmlWriter xml, IReadOnlyCollection<HostCheckResult> results)
    {
        xml.WriteAttributeString("tests", Number(results.Count));
        xml.WriteAttributeString("failures", Number(results.Count(r => r.Status == HostCheckStatus.Failed)));
        xml.WriteAttributeString("errors", "0");
        xml.WriteAttributeString("skipped", Number(results.Count(r => r.Status is HostCheckStatus.Skipped or HostCheckStatus.Ignored)));
    }

    private static void Case(XmlWriter xml, HostCheckResult result)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", Clean(result.Host));
        xml.WriteAttributeString("name", Clean(result.Check));
        xml.WriteAttributeString("time", "0");
        var text = result.Remedy is { } remedy ? $"{result.Message}\n{remedy}" : result.Message;
        switch (result.Status)
        {
            case HostCheckStatus.Failed:
                xml.WriteStartElement("failure");
                xml.WriteAttributeString("message", Clean(result.Message));
                xml.WriteAttributeString("type", result.Severity.ToString());
                xml.WriteString(Clean(text));
                xml.WriteEndElement();
                break;
            case HostCheckStatus.Skipped or HostCheckStatus.Ignored:
                xml.WriteStartElement("skipped");
                xml.WriteAttributeString("message", Clean($"{result.Status}: {result.Message}"));
                xml.WriteEndElement();
                break;
            default:
                xml.WriteElementString("system-out", Clean(result.Status == HostCheckStatus.Passed ? text : $"{result.Status}: {text}"));
                break;
        }

        xml.WriteEndElement();
    }

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);

    // Hosts may say anything; XML can hold no control characters and no halves of pairs.
    private static string Clean(string text)
    {
        var plain = new StringBuilder(text.Length);
        text = PlainText.Of(text);
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]))
                plain.Append(text[i]).Append(text[++i]);
            else
                plain.Append(XmlConvert.IsXmlChar(text[i]) ? text[i] : '?');
        }

        return plain.ToString();
    }
}
