using System.Net;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Yaml;

namespace Sealer.Images.ContainerImages.Lists;

/// <summary>
/// sealer's list with credentials: a YAML list of <c>registry</c>, <c>username</c>, <c>password</c> and <c>images</c>.
/// No message ever quotes a value of it but names of images and registries.
/// </summary>
internal static class CredentialListFile
{
    /// <summary>Reads a list; every mistake of it is told.</summary>
    public static ScanFindings Read(string file, string text, IDictionary<ImageReference, NetworkCredential> credentials)
    {
        var findings = new ScanFindings();
        var documents = YamlDocuments.Read(text);
        foreach (var broken in documents.Broken)
        {
            // The reader's own words may quote the text at the mistake, and so a password.
            findings.Errors.Add($"{file}:{broken.Line}:{broken.Column}: This is not valid YAML.");
        }

        foreach (var document in documents.Documents)
        {
            if (document is not YamlSequence list)
            {
                findings.Errors.Add($"{file}:{document.Line}: A list with credentials is a YAML list of registry, username, password and images.");
                continue;
            }

            foreach (var item in list.Items)
                ReadElement(file, item, findings, credentials);
        }

        return findings;
    }

    private static void ReadElement(
        string file, YamlNode item, ScanFindings findings, IDictionary<ImageReference, NetworkCredential> credentials)
    {
        if (item.Target is not YamlMapping element)
        {
            findings.Errors.Add($"{file}:{item.Line}: An element has registry, username, password and images.");
            return;
        }

        foreach (var (key, _) in element.Entries)
        {
            if (key.Value is not ("registry" or "username" or "password" or "images" or "<<"))
                findings.Errors.Add($"{file}:{key.Line}:{key.Column}: '{key.Value}' is not known here; known are registry, username, password and images.");
        }

        var registry = element.FindScalar("registry")?.Value.Trim() is { Length: > 0 } domain ? domain : null;
        var user = element.FindScalar("username")?.Value;
        var password = element.FindScalar("password")?.Value;
        if (string.IsNullOrEmpty(user) || string.IsNullOrEmpty(password))
            findings.Errors.Add($"{file}:{element.Line}: The element has no username or no password. Images that need none belong into an ordinary list.");
        if (element.Find("images") is not YamlSequence { Items.Count: > 0 } images)
        {
            findings.Errors.Add($"{file}:{element.Line}: The element names no images.");
            return;
        }

        var credential = new NetworkCredential(user, password);
        foreach (var entry in images.Items)
        {
            if (entry.Target is not YamlScalar scalar)
            {
                findings.Errors.Add($"{file}:{entry.Line}:{entry.Column}: An image is a name.");
                continue;
            }

            var name = scalar.Value.Trim();
            var full = registry is null || HasDomain(name) ? name : $"{registry}/{name}";
            if (!ImageReference.TryParse(full, out var reference, out var reason))
            {
                findings.Errors.Add($"{file}:{entry.Line}:{entry.Column}: '{full}' is not the name of an image: {reason}.");
                continue;
            }

            credentials[reference] = credential;
            findings.Images.Add(new FoundImage
            {
                Reference = reference,
                Text = name,
                File = file,
                Line = entry.Line,
                Column = entry.Column,
                Origin = ImageOrigin.CredentialList,
            });
        }
    }

    private static bool HasDomain(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return false;
        var first = name.AsSpan(0, slash);
        return first.Contains('.') || first.Contains(':') || first is "localhost";
    }
}
