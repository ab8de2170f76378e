using System.Text;

namespace Sealer.Images.Building.Running;

/// <summary>
/// Cuts what a command writes into lines, tells them one at a time, and remembers the last for an error. Bounded: a line
/// without end is told in pieces.
/// </summary>
internal sealed class OutputLines
{
    private const int MaxLine = 8 * 1024;
    private const int Remembered = 20;
    private readonly Queue<string> _last = new();
    private readonly object _gate = new();
    private readonly Action<string>? _tell;
    private readonly TextWriter? _standard;

    /// <param name="tell">Told each line.</param>
    /// <param name="standard">Gets standard output instead, uncut; null: that is told too.</param>
    public OutputLines(Action<string>? tell, TextWriter? standard = null)
    {
        _tell = tell;
        _standard = standard;
    }

    /// <summary>The last lines, one below the other.</summary>
    public string Last
    {
        get
        {
            lock (_gate)
                return string.Join('\n', _last);
        }
    }

    /// <summary>Reads standard output to its end.</summary>
    public async Task ReadStandardAsync(TextReader reader)
    {
        if (_standard is null)
        {
            await ReadAsync(reader).ConfigureAwait(false);
            return;
        }

        var buffer = new char[32 * 1024];
        int read;
        while ((read = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            await _standard.WriteAsync(buffer.AsMemory(0, read)).ConfigureAwait(false);
    }

    /// <summary>Reads error output to its end.</summary>
    public async Task ReadAsync(TextReader reader)
    {
        var buffer = new char[4096];
        var line = new StringBuilder();
        int read;
        while ((read = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            for (var i = 0; i < read; i++)
            {
                if (buffer[i] != '\n')
                    line.Append(buffer[i]);
                if (buffer[i] == '\n' || line.Length >= MaxLine)
                    Tell(line);
            }
        }

        if (line.Length > 0)
            Tell(line);
    }

    private void Tell(StringBuilder line)
    {
        var text = line.ToString().TrimEnd('\r');
        line.Clear();
        lock (_gate)
        {
            _last.Enqueue(text);
            if (_last.Count > Remembered)
                _last.Dequeue();
            _tell?.Invoke(text);
        }
    }
}
