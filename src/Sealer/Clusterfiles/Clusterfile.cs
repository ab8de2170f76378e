using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Writing;

namespace Sealer.Clusterfiles;

/// <summary>
/// The file that says what a cluster shall be: documents of kind Cluster (sealer's second form, and its first, which is
/// converted), Config, Plugin, Application, and those of kubeadm, kubelet and kube-proxy.
/// </summary>
public static class Clusterfile
{
    private const string DefaultName = "Clusterfile";

    /// <summary>Reads a Clusterfile. Never throws for what is in the text: every mistake becomes a diagnostic.</summary>
    /// <param name="text">The file's text; CRLF and a byte order mark are understood.</param>
    /// <param name="options">Names, secrets and how strict to be; defaults where null.</param>
    public static ClusterfileReadResult Read(string text, ClusterfileReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new ClusterfileReadOptions();
        var old = OldClusterfile.Render(WithoutMarks(text), options);
        var context = new ReadContext(options.FileName ?? DefaultName, new SourceLines(old.Text, old.Lines), options);
        foreach (var (line, column, message) in old.Warnings)
            context.Diagnostics.Warning(line, column, message);
        var spec = new ClusterfileDocuments(context).Read();
        return new ClusterfileReadResult(context.Diagnostics.HasErrors ? null : spec, context.Diagnostics.InOrder());
    }

    /// <summary>Reads a Clusterfile from disk: UTF-8, or what its byte order mark says.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="options">Names, secrets and how strict to be; defaults where null.</param>
    /// <exception cref="SealerException"><c>ClusterfileNotFound</c>, or <c>ClusterfileUnreadable</c>: too large, no text, or not to be read by this user.</exception>
    public static ClusterfileReadResult ReadFile(string path, ClusterfileReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        options ??= new ClusterfileReadOptions();
        var text = ReadText(path);
        return Read(text, options with
        {
            FileName = options.FileName ?? Path.GetFileName(path),
            BaseFolder = options.BaseFolder ?? Path.GetDirectoryName(Path.GetFullPath(path)),
        });
    }

    /// <summary>Reads a file of plugins, as images carry them below <c>plugins/</c>.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="cluster">The cluster it is for, whose hosts and roles plugins name; null where it is not known.</param>
    /// <param name="options">Names and how strict to be; defaults where null.</param>
    public static PluginReadResult ReadPlugins(string text, ClusterSpec? cluster = null, ClusterfileReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var context = Context(text, options);
        var hosts = cluster?.Hosts.ToList();
        var plugins = new ClusterfileDocuments(context).ReadPluginFile(hosts);
        return new PluginReadResult(plugins, hosts, context.Diagnostics.InOrder());
    }

    /// <summary>Writes a cluster's desired state as a Clusterfile that Sealer and sealer read.</summary>
    /// <remarks>
    /// sealer ignores what it does not know: <c>proxyJump</c>, <c>hostKeys</c>, <c>jumpHostKeys</c>, <c>sudoPasswd</c> and secrets from elsewhere. It
    /// decodes kubeadm's documents as v1beta3, so it fails over those whose shape changed since (<c>extraArgs</c> of v1beta4).
    /// </remarks>
    /// <param name="spec">The cluster.</param>
    /// <param name="options">What becomes of secrets; they are left out where null.</param>
    /// <exception cref="SealerException"><c>SecretNotResolved</c>: a secret shall be revealed that has no value.</exception>
    public static string Write(ClusterSpec spec, ClusterfileWriteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new ClusterfileText(spec, options ?? new ClusterfileWriteOptions()).Write();
    }

    /// <summary>Writes a Clusterfile to disk, as a whole or not at all, and for nobody but this user to read.</summary>
    /// <param name="path">Its path; a file that is there is replaced.</param>
    /// <param name="spec">The cluster.</param>
    /// <param name="options">What becomes of secrets; they are left out where null.</param>
    /// <exception cref="SealerException"><c>ClusterfileNotWritten</c>: the folder is missing, full, or not this user's.</exception>
    public static void WriteFile(string path, ClusterSpec spec, ClusterfileWriteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var text = Write(spec, options);
        var partial = $"{path}.{Guid.NewGuid():n}.partial";
        try
        {
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(partial, create))
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(partial))
                File.Delete(partial);
            throw new SealerException("ClusterfileNotWritten", ErrorKind.ResourceUnavailable, $"The Clusterfile '{path}' cannot be written: {e.Message.TrimEnd('.')}. Name a file in a folder that you may write to.", path, e);
        }
    }

    /// <summary>Makes a cluster of the few things that a new Clusterfile begins with.</summary>
    /// <exception cref="SealerException"><c>InvalidClusterfile</c>: an address, a name or a network is wrong.</exception>
    public static ClusterSpec Create(ClusterfileDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var hosts = Hosts(draft.ControlPlanes, HostSpec.ControlPlaneRole, draft.Ssh).Concat(Hosts(draft.Workers, HostSpec.WorkerRole, draft.Ssh)).Concat(draft.Hosts).ToList();
        var environment = draft.Environment.ToList();
        if (draft.PodNetwork is { } pods)
            environment.Add(new EnvironmentVariable(NetworkReader.PodNetworks, pods));
        if (draft.ServiceNetwork is { } services)
            environment.Add(new EnvironmentVariable(NetworkReader.ServiceNetworks, services));
        var spec = new ClusterSpec
        {
            Name = draft.Name,
            Image = draft.Image,
            Hosts = hosts,
            Ssh = draft.Ssh,
            Environment = environment,
            HostAliases = draft.HostAliases,
            ContainerRuntime = draft.ContainerRuntime,
            Registry = draft.Registry,
            DataRoot = draft.DataRoot,
            ApplicationNames = draft.ApplicationNames,
            KubeadmDocuments = draft.KubeadmDocuments,
        };

        // What is written is what is checked: nothing gets into a new file that reading it would complain of.
        var read = Read(Write(spec), new ClusterfileReadOptions { FileName = "New-Clusterfile", ResolveSecrets = false }).GetSpec();
        return spec with { Hosts = hosts, Network = read.Network };
    }

    /// <summary>Hosts as they are typed: addresses, ranges, several with commas between.</summary>
    /// <param name="ranges">The texts.</param>
    /// <param name="role">Their role.</param>
    /// <exception cref="SealerException"><c>InvalidHostAddress</c>.</exception>
    public static IReadOnlyList<HostSpec> HostsOf(IEnumerable<string> ranges, string role)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        return [.. ranges.SelectMany(range => Addresses.ParseRanges(range, out var reason)
            ?? throw new SealerException("InvalidHostAddress", ErrorKind.InvalidInput, $"{char.ToUpperInvariant(reason[0])}{reason[1..]}.", range))
            .Select(address => new HostSpec { Address = address, Roles = [role] })];
    }

    /// <summary>A cluster with hosts more, checked as if it had been read so.</summary>
    /// <exception cref="SealerException"><c>InvalidClusterfile</c>: one is there twice, or can be no host.</exception>
    public static ClusterSpec WithMore(ClusterSpec spec, IReadOnlyList<HostSpec> hosts)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var changed = spec with { Hosts = [.. spec.Hosts, .. hosts] };
        Read(Write(changed), new ClusterfileReadOptions { FileName = spec.Name, ResolveSecrets = false }).GetSpec();
        return changed;
    }

    private static IEnumerable<HostSpec> Hosts(IEnumerable<string> ranges, string role, SshSettings ssh)
    {
        string[] roles = [role];
        foreach (var range in ranges)
        {
            var addresses = Addresses.ParseRanges(range, out var reason)
                ?? throw new SealerException("InvalidClusterfile", ErrorKind.InvalidInput, $"New-Clusterfile: {reason}.", range);
            foreach (var address in addresses)
                yield return new HostSpec { Address = address, Roles = roles, Ssh = ssh };
        }
    }

    private static ReadContext Context(string text, ClusterfileReadOptions? options)
    {
        options ??= new ClusterfileReadOptions();
        return new ReadContext(options.FileName ?? DefaultName, new SourceLines(WithoutMarks(text)), options);
    }

    // Files that were put together of several carry a mark in front of each.
    private static string WithoutMarks(string text)
    {
        text = text.TrimStart('\uFEFF');
        return text.Contains("\n\uFEFF", StringComparison.Ordinal) ? text.Replace("\n\uFEFF", "\n", StringComparison.Ordinal) : text;
    }

    private static string ReadText(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true);
            var text = new StringBuilder();
            var buffer = new char[64 * 1024];
            for (var count = reader.Read(buffer); count > 0; count = reader.Read(buffer))
            {
                // A pipe or a device does not tell its length, and may never end.
                if (text.Append(buffer, 0, count).Length > ClusterfileDocuments.MaxLength)
                    throw Unreadable($"it has more than {ClusterfileDocuments.MaxLength / 1024 / 1024} Mi characters");
            }

            return text.ToString();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SealerException(
                "ClusterfileNotFound", ErrorKind.NotFound, $"There is no Clusterfile at '{path}'. Give the path of one, or make one with New-Clusterfile.", path, e);
        }
        catch (DecoderFallbackException)
        {
            throw Unreadable("it is not UTF-8 text");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw Unreadable(e.Message.TrimEnd('.'));
        }

        SealerException Unreadable(string reason) => new(
            "ClusterfileUnreadable", ErrorKind.InvalidInput, $"The Clusterfile '{path}' cannot be read: {reason}. Give the path of a text file that you may read.", path);
    }
}
