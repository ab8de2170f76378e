using System.Globalization;
using System.Text;
using Sealer.Images.Building.Running;

namespace Sealer.Images.ContainerImages.Helm;

/// <summary>
/// The helm of an image, which is a stranger's program: it runs in a container that holds a copy of it and one chart, and
/// has no network. Each run has a container of its own, because what one leaves behind may be a trap for the next.
/// </summary>
internal sealed class ContainedHelm(string program, RunExecutor executor) : HelmCommand
{
    private const string Name = "bin/helm of the image";

    public override string Show(string folder, string path)
    {
        for (var number = 1; ; number++)
        {
            var inside = "/given" + number.ToString(CultureInfo.InvariantCulture);
            if (Path.Exists(folder + inside))
                continue;
            Copy(path, folder + inside);
            return inside;
        }
    }

    public override async Task<HelmResult> RunAsync(string folder, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        File.Copy(program, Path.Combine(folder, "helm"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var output = new BoundedWriter(MaxOutput, stop);
        using var errors = new BoundedWriter(MaxOutput, stop);
        var request = new RunRequest
        {
            RootFolder = folder,
            Command = new RunCommand.Exec(["/helm", .. arguments]),
            Env = [.. Environment("/home").Select(variable => $"{variable.Key}={variable.Value}"), "HOME=/home"],
            Network = RunNetwork.None,
            IsConfined = true,
            Place = Name,
            Output = errors.WriteLine,
            StandardOutput = output,
        };
        try
        {
            await executor.RunAsync(request, stop.Token).ConfigureAwait(false);
            return new HelmResult(0, output.ToString(), errors.ToString());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw PrintsTooMuch(Name);
        }
        catch (RunNotSupportedException e)
        {
            throw new SealerException(
                "HelmNotFound",
                ErrorKind.ResourceUnavailable,
                $"There is no helm on PATH, and the image's own (bin/helm) may only run in a container, which cannot be had here: {e.Reason}. "
                + "Install helm 3 or later, or give its path; or install crun.",
                Name,
                e);
        }
        catch (SealerException e) when (e.Id == "RunFailed")
        {
            return new HelmResult(1, "", errors.ToString() is { Length: > 0 } said ? said : e.Message);
        }
    }

    /// <summary>A copy, because helm may change what it is shown, and it is read again afterwards.</summary>
    private static void Copy(string from, string to)
    {
        if (File.Exists(from))
        {
            File.Copy(from, to);
            return;
        }

        Directory.CreateDirectory(to);
        foreach (var entry in Directory.EnumerateFileSystemEntries(from))
            Copy(entry, Path.Combine(to, Path.GetFileName(entry)));
    }

    /// <summary>Keeps what is written; cancels where that becomes too much.</summary>
    private sealed class BoundedWriter(int limit, CancellationTokenSource stop) : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write([value], 0, 1);

        public override void Write(string? value) => Write(value.AsSpan());

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

        public override void Write(ReadOnlySpan<char> buffer)
        {
            if (GetStringBuilder().Length + buffer.Length <= limit)
                GetStringBuilder().Append(buffer);
            else
                stop.Cancel();
        }

        public override void WriteLine(string? value)
        {
            Write(value);
            Write('\n');
        }
    }
}
